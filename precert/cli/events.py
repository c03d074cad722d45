"""The commands ``events list`` and ``events republish``; each returns whether it succeeded."""

import argparse

from precert.bootstrap import Dependencies, stack_dependencies
from precert.cli.arguments import add_stack, instant
from precert.cli.recording import CommandRecorder
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.event_types import EventType
from precert.domain.events import Event
from precert.domain.wording import counted
from precert.usecases.relay import EventFilter, find_events, republish


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands with the same filters."""
    for name, run, text in (
        ("list", show, "list recorded events"),
        ("republish", send, "publish recorded events on the bus again"),
    ):
        command = commands.add_parser(name, help=text)
        add_stack(command)
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
                help=f"events {which} a date and time with time zone",
            )
        command.set_defaults(run=run)


def show(args: argparse.Namespace) -> bool:
    """List the events that match the filters, oldest first."""
    _, events = _found(args)
    for event in events:
        print(_line(event))
    print(counted(len(events), "events"))
    return _complete(args, events)


def send(args: argparse.Namespace) -> bool:
    """Publish the events that match the filters, oldest first."""
    deps, events = _found(args)
    for event in republish(events, bus=deps.bus):
        print(_line(event))
    print(f"{counted(len(events), 'events')} published")
    return _complete(args, events)


def _complete(args: argparse.Namespace, events: list[Event]) -> bool:
    """Whether the command succeeded: no event is an error only if an id was given."""
    return bool(events) or (args.id is None and args.request is None)


def _line(event: Event) -> str:
    return f"{event.event_id} {event.at.isoformat()} {event.type}"


def _found(args: argparse.Namespace) -> tuple[Dependencies, list[Event]]:
    criteria = EventFilter(args.id, args.request, tuple(args.type), args.since, args.until)
    if criteria == EventFilter():
        message = "select the events with --id, --request, --type, --since or --until"
        raise InvalidInputError([FieldError("events", "missing", message)])
    deps = stack_dependencies(args.stack)
    events = deps.call(find_events, criteria)
    if events:
        command = "republish" if args.run is send else "list"
        requests = dict.fromkeys(event.request_id for event in events)
        CommandRecorder(deps, f"events {command}").record(requests=requests)
    return deps, events
