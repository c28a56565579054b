"""The other side of an action: answers in order, and what was asked of it."""

from collections.abc import Callable, Mapping
from typing import Any

from apimonster_cli.connectors.spec import Action
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request


def json_answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, headers or {}, exactjson.dumps(data).encode())


class FakeCall:
    """Answers every request with the next answer, judged as the connector does it, and keeps the requests."""

    def __init__(
        self,
        action: Action,
        judge: Callable[[Request, Answer], None],
        fields: Mapping[str, Any],
        answers: list[Answer] | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        identity: str = "leads-order-700101",
        doubtful: bool = False,
    ) -> None:
        self.action = action
        self.judge = judge
        self.fields = fields
        self.answers = list(answers or [])
        self.settings = settings if settings is not None else {}
        self.options = {option.name: option.default for option in action.options} | dict(options or {})
        self.identity = identity
        self.doubtful = doubtful
        self.requests: list[Request] = []

    def run(self) -> Mapping[str, Any]:
        return self.action.run(self)

    def ask(self, request: Request) -> Answer:
        self.requests.append(request)
        answer = self.answers.pop(0)
        self.judge(request, answer)
        return answer
