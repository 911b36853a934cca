/** Teams on several servers of one store: changes reach decisions, damage and failures deny. */
import { describe, expect, test } from "bun:test";
import { createAccess } from "../../../../src/core/access.ts";
import { rootOrganization } from "../../../../src/core/organization/organization.ts";
import { silentLog } from "../../../../src/core/ports/log.ts";
import { silentMetrics } from "../../../../src/core/ports/metrics.ts";
import type { Caller } from "../../../../src/core/principal.ts";
import { Register } from "../../../../src/core/register/register.ts";
import { workspaceAccess } from "../../../../src/core/team/access.ts";
import { TeamGrants } from "../../../../src/core/team/grants.ts";
import { TeamService } from "../../../../src/core/team/service.ts";
import { parseUnitId } from "../../../../src/core/unit/unit-id.ts";
import { UnitLog } from "../../../../src/core/unit/unit-log.ts";
import { MemoryStore } from "../../../../src/storage/memory.ts";
import { realClock, realRandom, testSettings } from "../../../support/core.ts";

const root: Caller = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "l" },
	...{ surface: "tfe", requestId: "r" },
};
const ann: Caller = {
	principal: {
		...{ id: "oidc:ann", credentialKind: "access-token", loginId: "l" },
		email: "ann@example.com",
	},
	...{ surface: "tfe", requestId: "r" },
};
const unit = parseUnitId("shop/a");

/** One server: its clock may be moved, its store is shared. */
function open(store = new MemoryStore(realClock)) {
	let aheadMs = 0;
	const clock = { ...realClock, monotonic: () => realClock.monotonic() + aheadMs };
	const { headAgeMaxMs, actDeadlineMs } = testSettings;
	const shared = { store, clock, random: realRandom, log: silentLog, settings: testSettings };
	const unitLog = new UnitLog({ ...shared, metrics: silentMetrics });
	const { gate, teams, rbac } = createAccess(shared, unitLog);
	const deps = { gate, teams, clock, random: realRandom, organization: rootOrganization() };
	return {
		...{ store, gate, rbac, shared: { ...shared, headAgeMaxMs, actDeadlineMs } },
		teams: new TeamService(deps),
		grants: new TeamGrants(deps),
		wait: (ms: number) => {
			aheadMs += ms;
		},
	};
}

async function withTeam() {
	const server = open();
	const team = await server.teams.create(root, { name: "core" });
	const people = [{ email: "ann@example.com", subject: null }];
	await server.teams.addMembers(root, team.id, people);
	return { server, team };
}

describe("on another server", () => {
	test("what a team was given counts after five seconds at most, and what was taken no more", async () => {
		const { server, team } = await withTeam();
		const other = open(server.store);
		const may = () => other.gate.may(ann, "unit.write", unit);
		expect(await may()).toBe(false);
		const access = workspaceAccess("write", {});
		const { id } = await server.grants.addToWorkspace(root, unit, team.id, access);
		expect(await server.gate.may(ann, "unit.write", unit)).toBe(true);
		other.wait(5001);
		expect(await may()).toBe(true);
		await server.grants.removeFromWorkspace(root, id);
		other.wait(5001);
		expect(await may()).toBe(false);
	});

	test("several who are the first make one document, and lose nothing", async () => {
		const store = new MemoryStore(realClock);
		const servers = Array.from({ length: 6 }, () => open(store));
		await Promise.all(servers.map(({ teams }, n) => teams.create(root, { name: `t${n}` })));
		const found = await servers[0]?.teams.list(root);
		expect(found?.map(({ team }) => team.name)).toEqual([
			...["owners", "t0", "t1", "t2", "t3", "t4", "t5"],
		]);
	});
});

describe("a document", () => {
	test("that is damaged denies, and leaves administrators as they are", async () => {
		const { server, team } = await withTeam();
		await server.grants.addToWorkspace(root, unit, team.id, workspaceAccess("write", {}));
		const register = new Register<unknown>(server.shared, "teams", (value) => value);
		const grant = await server.gate.authorize(root, "rbac.manage", "*");
		await register.update(grant, () => ({
			...{ operation: "damage", value: { key: "k", teams: "none" }, result: undefined },
		}));
		const other = open(server.store);
		await expect(other.gate.may(ann, "unit.read", unit)).rejects.toMatchObject({
			code: "storage_corrupt",
		});
		expect(await other.gate.may(root, "unit.read", unit)).toBe(true);
	});

	test("that has outgrown its bounds is refused with what to do", async () => {
		const { server, team } = await withTeam();
		const people = (from: number) =>
			Array.from({ length: 5000 }, (_, n) => ({
				email: `p${from + n}@example.com`,
				subject: null,
			}));
		await expect(server.teams.addMembers(root, team.id, people(0))).rejects.toMatchObject({
			code: "too_large",
			hint: expect.stringContaining("group of the identity provider"),
		});
		expect((await server.teams.get(root, team.id)).team.members).toHaveLength(1);
	});
});

describe("a name", () => {
	test.each(["", "a/b", " a", "a ", "é", "x".repeat(91)])("%p is no team's", async (name) => {
		const { server } = await withTeam();
		await expect(server.teams.create(root, { name })).rejects.toMatchObject({
			code: "invalid_request",
		});
	});

	test("is a team's once, and the owners keep theirs", async () => {
		const { server } = await withTeam();
		await expect(server.teams.create(root, { name: "core" })).rejects.toMatchObject({
			code: "conflict",
		});
		const renamed = server.teams.update(root, "team-owners", { name: "bosses" });
		await expect(renamed).rejects.toMatchObject({ code: "conflict" });
	});
});
