/** What the accesses of teams mean as rules, and how they stand beside roles. */
import { describe, expect, test } from "bun:test";
import type { Principal } from "../../../../src/core/principal.ts";
import { type Action, actions } from "../../../../src/core/rbac/action.ts";
import { decide } from "../../../../src/core/rbac/decide.ts";
import { emptyPolicy, type Policy } from "../../../../src/core/rbac/model.ts";
import { type Labels, projectQuestion, traitsOf } from "../../../../src/core/rbac/resource.ts";
import { parseRuleText } from "../../../../src/core/rbac/rule.ts";
import {
	organizationFlags,
	projectAccess,
	projectLevels,
	workspaceAccess,
	workspaceLevels,
} from "../../../../src/core/team/access.ts";
import {
	noTeams,
	ownersId,
	subjectOfOrganization,
	subjectOfTeam,
	type Team,
	type TeamsDocument,
	teamsOf,
} from "../../../../src/core/team/model.ts";
import { teamRulesOf } from "../../../../src/core/team/rules.ts";
import { parseUnitId } from "../../../../src/core/unit/unit-id.ts";
import { forSeeds, type Seeded } from "../../../support/seeded.ts";

const at = "2026-01-02T03:04:05.000Z";

const team = (id: string, more: Partial<Team> = {}): Team => ({
	...{ id: `team-${id}`, name: id, description: "", visibility: "secret", ssoTeamId: null },
	...{ isTokenOpen: true, organizationAccess: {}, members: [], tokens: [], created: at },
	...more,
});

const person = (name: string, more: Partial<Principal> = {}): Principal => ({
	...{ id: `oidc:${name}`, credentialKind: "access-token", loginId: "l", email: `${name}@x` },
	...more,
});

const document: TeamsDocument = {
	...noTeams,
	key: "k",
	memberships: [
		{ id: "ou-ann", email: "ann@x", subject: null, created: at },
		{ id: "ou-bob", email: null, subject: "oidc:bob", created: at },
		{ id: "ou-bot", email: null, subject: "service:bot", created: at },
	],
	teams: [
		{ ...team("owners"), id: ownersId, members: ["ou-bob"] },
		team("a", { members: ["ou-ann", "ou-bot"] }),
		team("sso", { ssoTeamId: "group-1" }),
	],
};

function allowed(
	teams: TeamsDocument,
	principal: Principal,
	action: Action,
	resource: string,
	labels = {},
	policy: Policy | null = null,
): boolean {
	const fromTeams = teamRulesOf(teams, principal);
	const input = { policy, admins: new Set<string>(), principal, fromTeams };
	return decide({ ...input, action, resource, labels }).allowed;
}

describe("who is in a team", () => {
	test.each<[string, Principal, string[]]>([
		["by address", person("ann"), ["a"]],
		["by address, whatever the subject", person("ann", { id: "oidc:other" }), ["a"]],
		["not by a subject that looks like an address", person("x", { id: "ann@x", email: "x@x" }), []],
		["by subject", person("bob", { email: "changed@x" }), ["owners"]],
		["a machine", person("", { id: "service:bot", credentialKind: "api-token" }), ["a"]],
		["by group", person("cat", { groups: ["group-1", "other"] }), ["sso"]],
		["not by a group of another spelling", person("cat", { groups: ["Group-1"] }), []],
		["the team's own token", person("", { id: subjectOfTeam("team-a") }), ["a"]],
		["nobody", person("dan"), []],
	])("%s", (_, principal, names) => {
		expect(teamsOf(document, principal).map(({ name }) => name)).toEqual(names);
	});
});

describe("a workspace's access", () => {
	const unitActions = actions.filter((action) => action.startsWith("unit."));
	const reading = ["unit.read", "unit.read-variables"];
	const writing = [...reading, "unit.write", "unit.write-variables", "unit.configure", "unit.lock"];
	const expected: Record<string, readonly string[]> = {
		read: reading,
		plan: [...reading, "unit.lock"],
		write: writing,
		admin: [...writing, "unit.force", "unit.force-unlock", "unit.delete", "unit.share"],
	};
	for (const level of workspaceLevels.filter((one) => one !== "custom")) {
		test(`${level} allows what it says in its unit, and nothing elsewhere`, () => {
			const access = workspaceAccess(level, {});
			const grant = { id: "tws-1", team: "team-a", unit: parseUnitId("shop/a"), ...access };
			const teams = { ...document, workspaces: [grant] };
			const may = (unit: string) =>
				unitActions.filter((action) => allowed(teams, person("ann"), action, unit)).sort();
			expect(may("shop/a")).toEqual([...(expected[level] ?? [])].sort() as Action[]);
			for (const other of ["shop/a/b", "shop", "shop/ab", "*"]) expect(may(other)).toEqual([]);
			expect(allowed(teams, person("dan"), "unit.read", "shop/a")).toBe(false);
		});
	}

	test("custom is what its parts are", () => {
		const may = (details: object) => {
			const access = workspaceAccess("custom", details as Record<string, unknown>);
			const grant = { id: "tws-1", team: "team-a", unit: parseUnitId("a"), ...access };
			const teams = { ...document, workspaces: [grant] };
			return unitActions.filter((action) => allowed(teams, person("ann"), action, "a"));
		};
		expect(may({})).toEqual([]);
		expect(may({ "state-versions": "read-outputs" })).toEqual(["unit.read-outputs"]);
		expect(may({ variables: "write" })).toEqual(["unit.read-variables", "unit.write-variables"]);
		expect(may({ "workspace-locking": true })).toEqual(["unit.lock"]);
		expect(may({ "state-versions": "write" })).not.toContain("unit.lock");
		expect(() => workspaceAccess("custom", { variables: "all" })).toThrow(
			expect.objectContaining({ code: "invalid_request" }),
		);
		expect(() => workspaceAccess("owner", {})).toThrow();
	});
});

describe("a project's access", () => {
	const question = projectQuestion("prj-1");
	const asked: Record<string, readonly [string, Labels]> = {
		existing: ["shop/a", traitsOf({}, "prj-1")],
		new: ["shop/new", traitsOf({}, "prj-1", "new")],
		itself: [question.resource, question.traits],
		elsewhere: ["shop/b", traitsOf({}, "prj-2")],
		nowhere: ["*", {}],
	};
	const table: Record<string, Record<string, readonly Action[]>> = {
		read: { existing: ["unit.read"], itself: ["unit.read-variables"] },
		write: { existing: ["unit.read", "unit.write", "unit.lock"] },
		maintain: {
			existing: ["unit.read", "unit.write", "unit.lock", "unit.delete", "unit.force-unlock"],
			new: ["unit.write", "unit.configure", "unit.lock"],
			itself: ["unit.write-variables"],
		},
		admin: {
			existing: ["unit.write", "unit.delete", "unit.share", "unit.force"],
			new: ["unit.write"],
			itself: ["project.manage", "unit.share", "unit.write-variables"],
		},
	};
	const lacking: Record<string, Record<string, readonly Action[]>> = {
		read: { existing: ["unit.write", "unit.lock"], new: ["unit.write"], itself: ["unit.share"] },
		write: { new: ["unit.write", "unit.configure"], existing: ["unit.delete", "unit.share"] },
		maintain: { itself: ["project.manage", "unit.share"], existing: ["unit.share"] },
		admin: {},
	};
	for (const level of projectLevels.filter((one) => one !== "custom")) {
		test(`${level} reaches its project and no other`, () => {
			const grant = { id: "tprj-1", team: "team-a", projectId: "prj-1" };
			const projects = [{ ...grant, ...projectAccess(level, {}, {}) }];
			const teams = { ...document, projects };
			const may = (place: string, action: Action) =>
				allowed(teams, person("ann"), action, ...(asked[place] ?? ["", {}]));
			for (const [place, wanted] of Object.entries(table[level] ?? {})) {
				for (const action of wanted) {
					const answer = may(place, action);
					expect({ place, action, answer }).toEqual({ place, action, answer: true });
				}
			}
			for (const [place, unwanted] of Object.entries(lacking[level] ?? {})) {
				for (const action of unwanted) {
					const answer = may(place, action);
					expect({ place, action, answer }).toEqual({ place, action, answer: false });
				}
			}
			for (const action of actions) {
				expect(may("elsewhere", action) || may("nowhere", action)).toBe(false);
			}
		});
	}
});

describe("beside roles", () => {
	const writing = {
		...document,
		workspaces: [
			{ id: "tws-1", team: "team-a", unit: parseUnitId("prod/a"), ...workspaceAccess("admin", {}) },
		],
	};
	const denying: Policy = {
		...emptyPolicy,
		enabled: { at, by: "root" },
		permissions: [
			{
				...{ id: "no", name: "no", description: "", created: { at, by: "root" } },
				rules: [parseRuleText("deny:unit.write:prod/*")],
			},
		],
		roles: [
			{ id: "no", name: "no", description: "", permissions: ["no"], created: { at, by: "root" } },
		],
		assignments: ["ann@x", "oidc:bob"].map((who) => ({
			...{ kind: "user", subject: who.includes("@") ? null : who, role: "no", within: null },
			email: who.includes("@") ? who : null,
			created: { at, by: "root" },
		})),
	};

	test("a denial wins over a team, the owners included", () => {
		expect(allowed(writing, person("ann"), "unit.write", "prod/a")).toBe(true);
		expect(allowed(writing, person("ann"), "unit.write", "prod/a", {}, denying)).toBe(false);
		expect(allowed(writing, person("ann"), "unit.read", "prod/a", {}, denying)).toBe(true);
		expect(allowed(writing, person("bob"), "unit.write", "prod/a")).toBe(true);
		expect(allowed(writing, person("bob"), "unit.write", "prod/a", {}, denying)).toBe(false);
	});

	test("teams count before roles are set up, and open nothing for others", () => {
		expect(allowed(writing, person("bob"), "rbac.manage", "*")).toBe(true);
		expect(allowed(writing, person("dan"), "unit.read", "prod/a")).toBe(false);
	});

	test("a credential that is narrowed to roles has the teams that it names", () => {
		const narrowed = (roles: string[], units: string[] | null = null) =>
			person("ann", { scope: { roles, units } });
		expect(allowed(writing, narrowed([]), "unit.read", "prod/a")).toBe(false);
		expect(allowed(writing, narrowed(["team:a"]), "unit.read", "prod/a")).toBe(true);
		expect(allowed(writing, narrowed(["team:a"], ["dev/*"]), "unit.read", "prod/a")).toBe(false);
	});

	test("the decision names the team", () => {
		const principal = person("ann");
		const input = { policy: null, admins: new Set<string>(), principal, labels: {} };
		const fromTeams = teamRulesOf(writing, principal);
		const answer = decide({ ...input, fromTeams, action: "unit.lock", resource: "prod/a" });
		expect(answer).toMatchObject({
			allowed: true,
			roles: ["team:a"],
			rules: [{ role: "team:a", permission: "tws-1" }],
		});
	});
});

test("the organization's token arranges everything, and touches no state", () => {
	const teams = { ...document, organizationToken: "t1" };
	const token = person("", { id: subjectOfOrganization(teams), credentialKind: "api-token" });
	const may = (action: Action, resource = "a") => allowed(teams, token, action, resource);
	for (const action of ["unit.configure", "unit.delete", "unit.share"] as const) {
		expect(may(action)).toBe(true);
	}
	for (const action of ["unit.read", "unit.read-outputs", "unit.write", "unit.lock"] as const) {
		expect(may(action)).toBe(false);
	}
	expect(may("team.manage", "*")).toBe(true);
	expect(may("rbac.manage", "*")).toBe(false);
	// Another organization's, and one that is not there any more.
	expect(allowed({ ...teams, key: "other" }, token, "unit.configure", "a")).toBe(false);
	expect(allowed(document, token, "unit.configure", "a")).toBe(false);
});

test("flags for what is not there allow nothing", () => {
	const idle = organizationFlags.filter((name) =>
		/polic|vcs|module|provider|agent|task/.test(name),
	);
	const organizationAccess = Object.fromEntries(idle.map((name) => [name, true]));
	const teams = { ...document, teams: [team("a", { members: ["ou-ann"], organizationAccess })] };
	expect(idle.length).toBeGreaterThan(8);
	for (const action of actions) expect(allowed(teams, person("ann"), action, "*")).toBe(false);
});

test("more access never takes a right away, and the order of accesses never matters", () => {
	forSeeds(300, (seeded: Seeded) => {
		const pick = <T>(items: readonly T[]): T => seeded.pick(items);
		const units = ["a", "a/b", "shop/a"];
		const workspaces = Array.from({ length: seeded.below(4) }, (_, n) => ({
			...{ id: `tws-${n}`, team: pick(["team-a", "team-sso"]), unit: parseUnitId(pick(units)) },
			...workspaceAccess(pick(workspaceLevels.filter((one) => one !== "custom")), {}),
		}));
		const projects = Array.from({ length: seeded.below(3) }, (_, n) => ({
			...{
				id: `tprj-${n}`,
				team: pick(["team-a", "team-sso"]),
				projectId: pick(["prj-1", "prj-2"]),
			},
			...projectAccess(pick(projectLevels.filter((one) => one !== "custom")), {}, {}),
		}));
		const all = { ...document, workspaces, projects };
		const turned = {
			...document,
			workspaces: workspaces.toReversed(),
			projects: projects.toReversed(),
		};
		const fewer = { ...document, workspaces: workspaces.slice(1), projects: projects.slice(1) };
		const who = person("ann", { groups: ["group-1"] });
		const labels = traitsOf({}, pick(["prj-1", "prj-2"]), pick(["existing", "new"] as const));
		for (const action of actions) {
			const unit = pick(units);
			const answer = allowed(all, who, action, unit, labels);
			expect(allowed(turned, who, action, unit, labels)).toBe(answer);
			if (allowed(fewer, who, action, unit, labels)) expect(answer).toBe(true);
		}
	});
});
