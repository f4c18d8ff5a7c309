"""Waiting until a moment, and going by the time."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from cordboard.components.flow.pause import Pause
from cordboard.office.calendar import read_calendar
from cordboard.scenario.context import ScenarioError
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.components import Trial, service, voice

KYIV = ZoneInfo("Europe/Kyiv")

# --- pause: the trial begins on Monday, 2026-11-23, at 12:00 in Kyiv ---------------------------------------------


@pytest.mark.parametrize(
    ("properties", "seconds"),
    [
        ("duration: 1m30s", 90),
        ("until: 2026-11-23 12:30", 1800),
        ('until: =now + duration("2h")', 7200),
        ("until: 2026-11-23 11:00", 0),
        ('time_of_day: "18:00"', 6 * 3600),
        ('time_of_day: "09:00"', 21 * 3600),
        ('time_of_day: "12:00"', 24 * 3600),
    ],
)
@pytest.mark.parametrize("kind", ["voice", "service"])
def test_pause_waits_until_the_time_has_come(kind: str, properties: str, seconds: float) -> None:
    steps = "p:\n  component: pause\n  " + properties

    @virtual_time
    async def body() -> None:
        text = voice(steps) if kind == "voice" else service(steps, name="wait")
        async with Trial(text) as trial:
            if kind == "voice":
                trial.call()
            else:
                await trial.start("wait")
            await trial.ended()
        longest = 4 * 3600 if kind == "voice" else seconds
        assert trial.seconds == pytest.approx(min(seconds, longest), abs=0.01)

    body()


def test_a_time_of_day_knows_that_the_clocks_are_put_back() -> None:
    # On 25 October 2026 Kyiv goes from UTC+3 to UTC+2 at 04:00: from 00:00 to 06:00 it is seven hours.
    step = Pause(time_of_day=time(6))
    assert step.seconds_from(datetime(2026, 10, 25, 0, tzinfo=KYIV)) == 7 * 3600
    moment = Pause(until=datetime(2026, 10, 25, 4, tzinfo=UTC))
    assert moment.seconds_from(datetime(2026, 10, 25, 0, tzinfo=KYIV)) == 7 * 3600


@pytest.mark.parametrize("properties", ["", "duration: 1m, time_of_day: '18:00'", "until: =now, duration: 1m"])
def test_a_pause_is_of_one_kind(properties: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(voice(f"p: {{component: pause, {properties}}}")) as trial:
            if "=" in properties:
                trial.call()
                await trial.ended()
                words = trial.steps[0].error
            else:
                with pytest.raises(ScenarioError) as caught:
                    await trial.runner.prepare()
                words = str(caught.value)
        assert "say how long: give either a duration, a moment or a time of day" in words

    body()


# --- time window --------------------------------------------------------------------------------------------------

CALENDAR = read_calendar(
    '[week]\nmon-fri = "09:00-18:00"\n[days]\n2026-11-26 = "closed; Holiday"\n2026-11-28 = "10:00-14:00"\n'
)


@pytest.mark.parametrize(
    ("properties", "moment", "exit_"),
    [
        ("", "2026-11-23 12:00", "inside"),
        ("", "2026-11-23 08:00", "outside"),
        ("", "2026-11-26 12:00", "holiday"),
        ("holidays: no", "2026-11-26 12:00", "outside"),
        ("", "2026-11-28 12:00", "inside"),
        ("", "2026-11-29 12:00", "outside"),
        (
            "hours: [{days: mon-fri, hours: 10:00-11:00}, {days: sun, hours: '12:00-13:00'}]",
            "2026-11-29 12:00",
            "inside",
        ),
        ("hours: [{days: mon-fri, hours: 10:00-11:00}]", "2026-11-29 10:30", "outside"),
        ("hours: [{hours: '22:00-06:00'}]", "2026-11-23 05:59", "inside"),
        ("hours: [{hours: '22:00-06:00'}]", "2026-11-23 06:00", "outside"),
        ("hours: [{days: fri, hours: '22:00-06:00'}]", "2026-11-28 03:00", "inside"),
        ("hours: [{days: fri, hours: '22:00-06:00'}]", "2026-11-27 03:00", "outside"),
        ("hours: [{hours: '22:00-06:00'}]", "2026-11-26 23:00", "holiday"),
        ("hours: [{hours: '22:00-06:00'}]", "2026-11-26 03:00", "inside"),
        ("hours: [{hours: '22:00-06:00'}]", "2026-11-27 03:00", "outside"),
        ("hours: [{hours: '22:00-06:00'}], holidays: no", "2026-11-27 03:00", "inside"),
        ("hours: [{hours: '00:00-24:00'}]", "2026-11-23 23:59", "inside"),
        ("hours: [{hours: '9:00-13:00, 14:00-18:00'}]", "2026-11-23 13:30", "outside"),
    ],
)
def test_a_time_window_goes_by_the_time(properties: str, moment: str, exit_: str) -> None:
    @virtual_time
    async def body() -> None:
        more = f"{properties}, " if properties else ""
        async with Trial(voice(f"w: {{component: time_window, {more}at: {moment}}}"), calendar=CALENDAR) as trial:
            trial.call()
            await trial.ended()
        assert trial.path == [f"w.{exit_}"]

    body()


@pytest.mark.parametrize(
    ("phone", "moment", "exit_"),
    [
        ("+380671234567", "2026-11-23 09:00", "inside"),
        ("+48221234567", "2026-11-23 09:00", "outside"),  # in Warsaw it is eight
        ("+48221234567", "2026-11-23 10:00", "inside"),
        ("+12125551212", "2026-11-23 10:00", "outside"),  # in New York it is three
        ("+79161234567", "2026-11-23 12:00", "outside"),  # a mobile of Russia: it may be evening where he is
        ("701", "2026-11-23 09:00", "inside"),  # an extension has the clock of the office
        ("", "2026-11-23 09:00", "inside"),
    ],
)
def test_a_time_window_by_the_clock_of_who_is_called(phone: str, moment: str, exit_: str) -> None:
    @virtual_time
    async def body() -> None:
        step = f"component: time_window, phone: '{phone}', hours: [{{hours: 9:00-20:00}}], holidays: no, at: {moment}"
        async with Trial(voice(f"w: {{{step}}}"), calendar=CALENDAR) as trial:
            trial.call()
            await trial.ended()
        assert trial.path == [f"w.{exit_}"]

    body()


@virtual_time
async def test_the_clock_of_a_phone_needs_hours() -> None:
    async with Trial(voice("w: {component: time_window, phone: '0671234567'}")) as trial:
        with pytest.raises(ScenarioError, match="write the hours that count for the phone"):
            await trial.runner.prepare()


@virtual_time
async def test_a_time_window_looks_at_the_clock_of_the_office() -> None:
    steps = """
        a: {component: time_window, hours: [{hours: "12:00-12:01"}], exits: {inside: p}}
        p: {component: pause, duration: 1m, exits: {done: b}}
        b: {component: time_window, hours: [{hours: "12:00-12:01"}]}
    """
    async with Trial(voice(steps)) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["a.inside", "p.done", "b.outside"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{days: monday, hours: 9:00-18:00}", "'monday' is no week day: write mon, tue, wed, thu, fri, sat or sun"),
        ("{hours: nine to six}", "'nine to six' are no hours: write 09:00-13:00, 14:00-18:00"),
        ("{hours: 9:00-25:00}", "are no hours"),
    ],
)
def test_what_are_no_hours_is_told_when_the_scenario_is_checked(row: str, words: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(voice(f"w: {{component: time_window, hours: [{row}]}}")) as trial:
            with pytest.raises(ScenarioError, match="broken") as caught:
                await trial.runner.prepare()
        assert words in str(caught.value)

    body()
