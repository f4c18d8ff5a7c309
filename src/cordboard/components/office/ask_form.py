"""Ask by a form."""

import asyncio
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from cordboard.office.ports import Form, FormField, FormFieldKind, Screens
from cordboard.scenario.component import DIALOG, Component, Example, Row, Text, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.said import said
from cordboard.scenario.values import show


class Question(Row):
    """One field of the form."""

    variable: VariableName
    """The variable that is shown in it and takes what is written."""
    label: Text
    """What stands beside it."""
    kind: FormFieldKind = FormFieldKind.TEXT
    """text, number, date, choice or boolean."""
    choices: Text = ""
    """For a choice: what there is, with semicolons between: `yes; no; later`."""
    required: bool = False
    """Whether it must be filled in."""

    @property
    def offered(self) -> tuple[str, ...]:
        """The choices."""
        return tuple(choice.strip() for choice in self.choices.split(";") if choice.strip())

    @model_validator(mode="after")
    def _choices_for_a_choice(self) -> Self:
        if (self.kind is FormFieldKind.CHOICE) != bool(self.offered):
            raise ValueError(said("a choice, and nothing else, has choices: write `yes; no; later`"))
        return self


class AskForm(Component):
    """Shows a form on the screen of the user for whom the dialog runs, and waits until he has filled it in.

    Exits: *submitted* with the variables filled in; *closed* if he closed it; *time_is_up* if he did neither in time.
    """

    kind = "ask_form"
    title = "Ask by a form"
    group = "office"
    kinds = DIALOG
    waits = True
    outside = True
    examples = (
        Example(
            "What came of the talk.",
            "result:\n  component: ask_form\n  heading: What came of it?\n  fields:\n"
            '    - {variable: outcome, label: Outcome, kind: choice, choices: "sold; later; no", required: yes}\n'
            "    - {variable: note, label: Note}",
        ),
    )

    heading: Text
    """What stands above the form."""
    text: Text = ""
    """Words below the heading: `{caller_name} has called for the third time.`"""
    fields: Annotated[tuple[Question, ...], Field(max_length=50)] = ()
    """What is asked. None: it is only shown."""
    longest: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=1))] | None = None
    """How long it waits: `5m`. Empty: until he submits or closes it."""

    class Exit(StrEnum):
        """Its exits."""

        SUBMITTED = "submitted"
        CLOSED = "closed"
        TIME_IS_UP = "time_is_up"

    async def run(self, ctx: Context) -> str:
        """Ask, and write down the answers."""
        form = Form(self.heading, self.text, tuple(self._field(ctx, question) for question in self.fields))
        try:
            async with asyncio.timeout(self.longest.total_seconds() if self.longest else None):
                answers = await ctx.port(Screens).ask(ctx.user, form)
        except TimeoutError:
            return self.Exit.TIME_IS_UP
        if answers is None:
            return self.Exit.CLOSED
        for question in self.fields:
            answer = answers.get(question.variable, "")
            empty = "" if question.kind in {FormFieldKind.TEXT, FormFieldKind.CHOICE} else None
            ctx.set(question.variable, answer or empty)
        return self.Exit.SUBMITTED

    @staticmethod
    def _field(ctx: Context, question: Question) -> FormField:
        shown = show(ctx.get(question.variable))
        return FormField(question.variable, question.label, question.kind, question.required, question.offered, shown)
