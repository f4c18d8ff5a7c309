"""The SQL of stories S2 and S7 was drawn for Oktell: the shipped scenarios hold it as it stood there."""

from pathlib import Path
from textwrap import indent

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

FIRST_CALL = """\
SELECT @CallCount = COUNT([AOutNumber])
  FROM [oktell].[dbo].[A_Stat_Connections_1x1]
  WHERE NOT ([BLineNum] = 'IVR') AND @CallerID = [AOutNumber]
"""
LAST_CALLER = """\
SELECT TOP 1 @AOutNumber = [AOutNumber]
  FROM [oktell].[dbo].[A_Stat_Connections_1x1]
  WHERE NOT ([BLineNum] = 'IVR')
  AND DATEPART ( WEEK , [TimeAnswer] ) = DATEPART ( WEEK , GETDATE() )
  AND @CallerID = '+38'+[BOutNumber]
  ORDER BY [TimeAnswer] DESC
"""


@pytest.mark.parametrize(
    ("file", "sql"),
    [
        pytest.param("s02-contacts-by-sms/contacts_sql.yaml", FIRST_CALL, id="S2"),
        pytest.param("s07-return-to-the-last-caller/back_sql.yaml", LAST_CALLER, id="S7"),
    ],
)
def test_the_sql_is_shipped_as_it_was_drawn(file: str, sql: str) -> None:
    text = (EXAMPLES / file).read_text(encoding="utf-8")
    assert "    text: |\n" + indent(sql, " " * 6) in text


def test_the_shipped_scenarios_hold_no_other_sql() -> None:
    """The ready-made forms of both stories ask by components."""
    holding = [file.name for file in EXAMPLES.glob("s*/*.yaml") if "sql_query" in file.read_text(encoding="utf-8")]
    assert sorted(holding) == ["back_sql.yaml", "contacts_sql.yaml"]
