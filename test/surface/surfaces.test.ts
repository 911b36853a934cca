/** Every scenario of every surface, and the proof that no route is without them. */
import { describe, expect, test } from "bun:test";
import { publicPaths } from "../../src/server/app.ts";
import { backendMethods } from "../../src/server/surfaces/http-backend/index.ts";
import { operations } from "../../src/server/surfaces/management/index.ts";
import { backendScenarios } from "./http-backend.scenarios.ts";
import { identityScenarios } from "./identity.scenarios.ts";
import { managementScenarios } from "./management.scenarios.ts";
import { organizationScenarios } from "./organizations.scenarios.ts";
import { outputScenarios } from "./outputs.scenarios.ts";
import { publicScenarios } from "./public.scenarios.ts";
import { runScenario, type Scenario } from "./scenario.ts";
import { createTestApp } from "./test-app.ts";

const suites: Readonly<Record<string, readonly Scenario[]>> = {
	management: managementScenarios,
	outputs: outputScenarios,
	"http-backend": backendScenarios,
	identity: identityScenarios,
	organizations: organizationScenarios,
	public: publicScenarios,
};

for (const [name, scenarios] of Object.entries(suites)) {
	describe(name, () => {
		for (const scenario of scenarios) {
			test(scenario.name, () => runScenario(scenario));
		}
	});
}

describe("coverage", () => {
	const all = Object.values(suites).flat();
	const kindsOf = (covers: string) =>
		new Set(all.filter((scenario) => scenario.covers === covers).map(({ kind }) => kind));

	/** Whoever is let in may ask what the server is. */
	const withoutRights: ReadonlySet<string> = new Set([
		...["getInfo", "getOwnAccess", "getMe", "logOut", "issueS3Credentials"],
	]);

	/** What is no single request; identity.test.ts goes the whole way. */
	const testedApart: ReadonlySet<string> = new Set([
		...["/oauth/oidc-callback", "/oauth/provider", "/oauth/login", "/oauth/consent"],
		// variables.test.ts: the id is not known before.
		...["getVariable", "updateVariable", "deleteVariable"],
		// variable-sets.test.ts, for the same reason.
		...["getVariableSet", "updateVariableSet", "deleteVariableSet", "listSetVariables"],
		...["createSetVariable", "updateSetVariable", "deleteSetVariable"],
		// teams.test.ts, likewise.
		...["deleteTeam", "createTeamAccess", "getTeamAccess", "updateTeamAccess", "deleteTeamAccess"],
		// projects of teams.test.ts: the default one stays.
		"deleteProject",
		...["/oauth/token", "/v1/auth/exchange", "/v1/auth/token", "logOut"],
	]);

	test("every operation has scenarios for success, no credential and no right", () => {
		const covered = [
			...operations.flatMap(({ id, scope }) => (scope === "public" ? [] : [id])),
			...backendMethods.map((m) => `${m} /v1/backend/*`),
		];
		const lacking = covered.flatMap((covers) => {
			const kinds = kindsOf(covers);
			return (["ok", "unauthenticated", "forbidden"] as const)
				.filter((kind) => !(kind === "forbidden" && withoutRights.has(covers)))
				.filter((kind) => !(kind === "ok" && testedApart.has(covers)))
				.filter((kind) => !kinds.has(kind))
				.map((kind) => `${covers}: ${kind}`);
		});
		expect(lacking).toEqual([]);
	});

	test("every public path has a scenario without a credential", () => {
		const lacking = [...publicPaths].filter(
			(path) =>
				!testedApart.has(path) &&
				!all.some((one) => one.covers === path && one.as === "nobody" && one.status < 400),
		);
		expect(lacking).toEqual([]);
	});

	test("every registered route is known here", () => {
		const { app } = createTestApp();
		const known = new Set([
			...operations.map(({ method, path }) => `${method} ${path}`),
			...[...publicPaths].flatMap((path) => [`GET ${path}`, `POST ${path}`]),
			...operations.filter(({ scope }) => scope !== "unit").map(({ path }) => `ALL ${path}`),
			"ALL /v1/units/*",
			"ALL /v1/backend/*",
			// organizations.test.ts covers what is in another organization.
			"ALL /v1/orgs/*",
			"ALL /v1/orgs/:organization/backend/*",
			// test/surface/tfe covers them.
			"ALL /tfe/api/v2/*",
			"ALL /api/v2/*",
		]);
		const unknown = app.routes
			.map(({ method, path }) => `${method} ${path}`)
			.filter((route) => !known.has(route));
		expect(unknown).toEqual([]);
		expect(app.routes.length).toBeGreaterThan(operations.length);
	});

	test("no scenario covers what does not exist", () => {
		const existing = new Set([
			...operations.map(({ id }) => id),
			...backendMethods.map((method) => `${method} /v1/backend/*`),
			"PATCH /v1/backend/*",
			...publicPaths,
			"nothing",
		]);
		expect(all.filter(({ covers }) => !existing.has(covers)).map(({ covers }) => covers)).toEqual(
			[],
		);
	});
});
