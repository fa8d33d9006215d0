"""Errors of the API: `application/problem+json` (RFC 9457) with what our own problems say besides.

Every error says what happened (`detail`), what to do about it (`fix`), who can (`who`) and, where there is something
to press, the `actions`. Nothing of the request's body is repeated: it may hold secrets.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, Field

from syncro_quickbooks.sync.model import Problem, Who

CONTENT_TYPE = "application/problem+json"


class ActionBody(BaseModel):
    """Something that can be run to mend a problem."""

    name: str
    label: str
    params: dict[str, str] = {}


class SyncProblemBody(BaseModel):
    """Why a record, or the whole connection, is held up, or what to know about it."""

    code: str
    message: str
    fix: str
    who: Who
    verbatim: Annotated[str, Field(description="QuickBooks' own words, if it said something.")]
    actions: list[ActionBody]


class FieldBody(BaseModel):
    """What is wrong with one field of a request."""

    field: Annotated[str, Field(description="Where it is: body.start_date, query.limit.")]
    message: str


class ProblemBody(BaseModel):
    """RFC 9457, with our own members after `detail`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    fix: str = ""
    who: Who = Who.ADMIN
    actions: list[ActionBody] = []
    fields: list[FieldBody] = []


class ApiProblem(Exception):
    """Raise it in a route: the request ends with this status and a problem body.

    `code` is ours and stable, for programs; `detail` says what happened, `fix` what to do, both to people. `fields`
    name the fields of the request that are to blame.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        fix: str = "",
        *,
        who: Who = Who.ADMIN,
        actions: Sequence[ActionBody] = (),
        fields: Sequence[FieldBody] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})
        self.body = ProblemBody(
            type=f"urn:syncro-quickbooks:problem:{code}",
            title=status.phrase,
            status=status,
            detail=detail,
            code=code,
            fix=fix,
            who=who,
            actions=list(actions),
            fields=list(fields),
        )

    @classmethod
    def of(cls, status: HTTPStatus, problem: Problem) -> "ApiProblem":
        """A problem of the sync core, as it is, as the answer to a request."""
        actions = [ActionBody(name=a.name, label=a.label, params=dict(a.params)) for a in problem.actions]
        return cls(status, problem.code, problem.message, problem.fix, who=problem.who, actions=actions)

    def response(self) -> "Response[str]":
        """The answer it stands for."""
        return Response(self.status, CONTENT_TYPE, self.body.model_dump_json(), self.headers)


def not_found(what: str) -> ApiProblem:
    """404: the account has no such thing. Another account's things are not there either."""
    return ApiProblem(HTTPStatus.NOT_FOUND, "not_found", f"There is no {what}.", "Check the kind and the id.")


def sync_problem(problem: Problem) -> SyncProblemBody:
    """A problem of the sync core as part of an answer."""
    return SyncProblemBody(
        code=problem.code,
        message=problem.message,
        fix=problem.fix,
        who=problem.who,
        verbatim=problem.verbatim,
        actions=[ActionBody(name=a.name, label=a.label, params=dict(a.params)) for a in problem.actions],
    )


def malformed(why: str) -> ApiProblem:
    """400: the body cannot be read."""
    return ApiProblem(HTTPStatus.BAD_REQUEST, "malformed_body", f"The body cannot be read: {why}.", "Send valid JSON.")


def parse_strictly(body: bytes) -> None:
    """Raises ApiProblem unless `body` is JSON that the table can hold: UTF-8 throughout, no NaN, of sane depth."""
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise malformed("it is not UTF-8 throughout") from None
    except RecursionError:
        raise malformed("it is nested too deeply") from None
    except ValueError:
        raise malformed("it is not JSON") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(name)
