"""Serves the embedded ClickHouse as a server with the roles of docs/clickhouse_roles.sql: who gives the name of a role
as user has the rights and the settings of that role and no other. The user default has all rights.

The engine has one user, which takes on one role for each client (SET ROLE). It logs the rights that each query used,
and is the only node of a cluster.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from duckhouse.cli import run
from duckhouse.embedded.clickhouse import access, engine, server
from scripts import clickhouse
from support import roles

ALL = "everything"  # the role of the user default
CLUSTER = "analytics"
PORT_OF_NODE = 19000  # nothing listens there: a node of the same port is the engine itself
PROFILE = re.compile(r"CREATE SETTINGS PROFILE IF NOT EXISTS (?P<name>\w+) SETTINGS (?P<settings>.+) TO \w+")
SETTING = re.compile(r"(?P<name>\w+) = (?P<value>\d+)(?: MAX (?P<most>\d+))?")
plain_configuration = access.configuration
text = roles.FILE.read_text(encoding="utf-8")
users = threading.local()


def configuration(path: str) -> str:
    """The engine's own configuration, with its user's rights in roles."""
    direct = f"<query>GRANT {access.GRANTS} ON *.*</query>"
    plain = plain_configuration(path)
    assert direct in plain
    in_roles = f"<query>GRANT {', '.join([ALL, *roles.granted(text)])}</query>"
    return (
        plain.replace(direct, in_roles)
        .replace("<profiles>", f"<profiles>{''.join(profiles())}")
        .replace("</clickhouse>", f"{''.join(parts(direct))}</clickhouse>")
    )


def told_profiles() -> list[re.Match[str]]:
    return [*filter(None, map(PROFILE.fullmatch, roles.statements(text)))]


def settings_of(profile: re.Match[str]) -> list[dict[str, str]]:
    return [found.groupdict() for found in SETTING.finditer(profile["settings"])]


def profiles() -> Iterator[str]:
    for profile in told_profiles():
        settings = settings_of(profile)
        values = "".join(f"<{one['name']}>{one['value']}</{one['name']}>" for one in settings)
        limits = "".join(f"<{one['name']}><max>{one['most']}</max></{one['name']}>" for one in settings if one["most"])
        yield f"<{profile['name']}>{values}<constraints>{limits}</constraints></{profile['name']}>"


def parts(all_rights: str) -> Iterator[str]:
    of_servers = "READ ON REMOTE, TABLE ENGINE ON Distributed, SYSTEM FLUSH LOGS ON *.*"
    by_role = {ALL: [all_rights, f"<query>GRANT {of_servers}</query>"]}
    for grant in filter(None, map(roles.GRANT.fullmatch, roles.statements(text))):
        by_role.setdefault(grant["role"], []).append(f"<query>GRANT {grant['given']}</query>")
    each = (f"<{role}><grants>{''.join(grants)}</grants></{role}>" for role, grants in by_role.items())
    yield f"<roles>{''.join(each)}</roles>"
    yield "<query_log><database>system</database><table>query_log</table></query_log>"
    node = f"<host>127.0.0.1</host><port>{PORT_OF_NODE}</port>"
    shard = f"<shard><replica>{node}</replica></shard>"
    yield f"<tcp_port>{PORT_OF_NODE}</tcp_port><remote_servers><{CLUSTER}>{shard}</{CLUSTER}></remote_servers>"


class EngineOfRoles(engine.Engine):
    """Opens each handle with the role of the user who asks."""

    def open(self, reads_only: bool = False) -> engine.Handle:
        handle = super().open(reads_only)
        role = getattr(users, "role", ALL)
        handle.tag = f"{role} {handle.tag}"
        self._query(handle, engine._set_statement({"log_comment": handle.tag}))
        self._query(handle, f"SET ROLE {role}".encode())
        for profile in told_profiles():
            if profile["name"] == role:  # of a profile that is set later, the engine takes the limits only
                values = ", ".join(f"{one['name']} = {one['value']}" for one in settings_of(profile))
                self._query(handle, f"SET profile = '{role}'".encode())
                self._query(handle, f"SET {values}".encode())
        handle.changed = None
        return handle

    def release(self, handle: engine.Handle) -> None:
        """The next request may be that of another user."""
        handle.connection.close()


class HandlerOfRoles(server.Handler):
    """Knows the users that are called like a role."""

    def _credentials(self, params: Mapping[str, str]) -> tuple[str, str]:
        user, password = super()._credentials(params)
        is_role = user in roles.granted(text)
        users.role = user if is_role else ALL
        return "default" if is_role else user, password


class GatewayOfRoles(server.Gateway):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.RequestHandlerClass = HandlerOfRoles


def main() -> int:
    engine.configuration = configuration
    clickhouse.Engine, clickhouse.Gateway = EngineOfRoles, GatewayOfRoles
    return clickhouse.main()


if __name__ == "__main__":
    run(main)
