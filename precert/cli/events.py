"""The commands ``events list`` and ``events republish``; each returns whether it succeeded."""

import argparse
import re
from datetime import datetime

from precert.bootstrap import Dependencies, stack_dependencies
from precert.cli.recording import CommandRecorder
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.event_types import EventType
from precert.domain.events import Event
from precert.usecases.relay import EventFilter, find_events, republish


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands with the same filters."""
    for name, run, text in (
        ("list", show, "list recorded events"),
        ("republish", send, "publish recorded events on the bus again"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--stack", metavar="NAME", help="the deployed stack")
        command.add_argument("--id", metavar="EVENT", help="the event with this id")
        command.add_argument("--request", metavar="ID", help="events of this request")
        command.add_argument(
            "--type",
            type=EventType,
            action="append",
            default=[],
            metavar="TYPE",
            help="events of this type, such as RequestDetermined; can be repeated",
        )
        for limit, which in (("--since", "at or after"), ("--until", "before")):
            command.add_argument(
                limit,
                type=instant,
                metavar="TIME",
                help=f"events {which} an instant with time zone",
            )
        command.set_defaults(run=run)


def instant(text: str) -> datetime:
    """An ISO 8601 instant with time zone."""
    try:
        found = datetime.fromisoformat(re.sub("Z$", "+00:00", text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: use a time such as 2026-07-01T15:00Z") from None
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text}: add the time zone, such as Z")
    return found


def show(args: argparse.Namespace) -> bool:
    """List the events that the filters include, oldest first."""
    _, events = _found(args)
    for event in events:
        print(_line(event))
    print(f"{len(events)} events")
    return _complete(args, events)


def send(args: argparse.Namespace) -> bool:
    """Publish the events that the filters include, oldest first."""
    deps, events = _found(args)
    for event in republish(events, bus=deps.bus):
        print(_line(event))
    print(f"{len(events)} events published")
    return _complete(args, events)


def _complete(args: argparse.Namespace, events: list[Event]) -> bool:
    """A period can be without events; what is named by id cannot."""
    return bool(events) or (args.id is None and args.request is None)


def _line(event: Event) -> str:
    return f"{event.event_id} {event.at.isoformat()} {event.type}"


def _found(args: argparse.Namespace) -> tuple[Dependencies, list[Event]]:
    criteria = EventFilter(args.id, args.request, tuple(args.type), args.since, args.until)
    if criteria == EventFilter():
        message = "name the events by --id, --request, --type, --since or --until"
        raise InvalidInputError([FieldError("events", "missing", message)])
    deps = stack_dependencies(args.stack)
    events = deps.call(find_events, criteria)
    if events:
        command = "republish" if args.run is send else "list"
        requests = dict.fromkeys(event.request_id for event in events)
        CommandRecorder(deps, f"events {command}").record(requests=requests)
    return deps, events
