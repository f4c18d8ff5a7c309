"""Results of tests as the XML that CI systems read."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from cordboard.simulation.scenario_tests import SuiteResult, TestResult

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def junit(results: Sequence[SuiteResult]) -> str:
    """A document in the form that JUnit made customary: a suite for each file, a case for each test."""
    root = ET.Element("testsuites")
    for result in results:
        for file in result.suite.files:
            cases = [each for each in result.results if each.file == file]
            faults = [fault for path, fault in result.faults if path == file]
            suite = ET.SubElement(
                root,
                "testsuite",
                name=_clean(str(file)),
                tests=str(len(cases) + len(faults)),
                failures=str(sum(not each.passed for each in cases)),
                errors=str(len(faults)),
                time=f"{sum(each.seconds for each in cases):.3f}",
            )
            for each in cases:
                _case(suite, each)
            for fault in faults:
                case = ET.SubElement(suite, "testcase", name="the file", classname=_clean(file.stem), time="0")
                ET.SubElement(case, "error", message=_clean(fault.message)).text = _clean(f"{file}:{fault}")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, result: TestResult) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        name=_clean(name_of(result)),
        classname=_clean(result.file.stem),
        file=_clean(str(result.file)),
        line=str(result.script.line),
        time=f"{result.seconds:.3f}",
    )
    if result.failures:
        lines = [f"{result.file}:{failure.line}: {failure.message}" for failure in result.failures]
        failure = ET.SubElement(case, "failure", message=_clean(result.failures[0].message))
        failure.text = _clean("\n".join(lines))


def name_of(result: TestResult) -> str:
    """The name of a test; that of its file if it has none."""
    return result.script.name or result.file.stem


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
