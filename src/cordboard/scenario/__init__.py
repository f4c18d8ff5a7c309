"""The scenario language: components, graph, text, expressions, validation, runner, trace. Knows no component."""
