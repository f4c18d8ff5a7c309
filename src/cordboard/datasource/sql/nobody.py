"""The databases of a simulation: nobody is there."""

from cordboard.datasource.sql.ports import SqlAnswer, SqlAwayError, SqlQuestion


class NoDatabases:
    """Implements `SqlSources` where the world must not be asked. What is answered instead, a simulation says itself."""

    async def ask(self, question: SqlQuestion) -> SqlAnswer:
        """Nobody answers."""
        source = question.source or "the own log"
        raise SqlAwayError(f"nobody is asked in a simulation: say what {source} answers under `answers`")
