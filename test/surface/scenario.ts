/** One request and what must come of it, on a freshly seeded application. */
import { expect } from "bun:test";
import type { Decide } from "../../src/core/rbac/grant.ts";
import { adminToken, createTestApp, type SendOptions, seed, type TestApp } from "./test-app.ts";

export interface Scenario extends SendOptions {
	readonly name: string;
	/** What it covers: an operation's id, `METHOD /v1/backend/*`, or a public path. */
	readonly covers: string;
	/** `ok`, `unauthenticated` and `forbidden` are demanded of every route. */
	readonly kind: "ok" | "unauthenticated" | "forbidden" | "refused";
	readonly method: string;
	readonly path: string;
	readonly status: number;
	/** For `forbidden`: the caller has unit.read and nothing else. */
	readonly mayRead?: boolean;
	/** Runs after seeding. */
	readonly before?: (app: TestApp) => Promise<unknown>;
	/** Texts of the response's body. */
	readonly contains?: readonly string[];
	readonly lacks?: readonly string[];
	/** Exact response headers. */
	readonly responseHeaders?: Readonly<Record<string, string>>;
	/** The body's exact bytes. */
	readonly exactBody?: string;
	/** Looks at what is left behind. */
	readonly after?: (app: TestApp, response: Response) => Promise<unknown>;
}

const denyAll: Decide = async () => false;

/** What a scenario of kind `forbidden` runs under: seeded by somebody who may, called by one who may not. */
function decideFor(scenario: Scenario): Decide {
	let calls = 0;
	return async (caller, action, resource) => {
		calls += 1;
		const isSeed = caller.requestId === "seed" || caller.principal.credentialKind === "system";
		return isSeed
			? true
			: scenario.kind === "forbidden"
				? (scenario.mayRead === true && action === "unit.read") || denyAll(caller, action, resource)
				: calls > 0;
	};
}

/** Runs it and checks everything that holds for all scenarios as well. */
export async function runScenario(scenario: Scenario): Promise<void> {
	await using app = createTestApp({ decide: decideFor(scenario) });
	await seed(app);
	await scenario.before?.(app);
	app.log.length = 0;
	const as = scenario.as ?? (scenario.kind === "unauthenticated" ? "nobody" : "admin");
	const response = await app.send(scenario.method, scenario.path, { ...scenario, as });
	const text = await response.text();
	expect({ status: response.status, body: text }).toMatchObject({ status: scenario.status });
	for (const part of scenario.contains ?? []) expect(text).toContain(part);
	for (const part of scenario.lacks ?? []) expect(text).not.toContain(part);
	if (scenario.exactBody !== undefined) expect(text).toBe(scenario.exactBody);
	for (const [name, value] of Object.entries(scenario.responseHeaders ?? {})) {
		expect(`${name}: ${response.headers.get(name)}`).toBe(`${name}: ${value}`);
	}
	expect(response.headers.get("x-request-id")).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
	expect(response.headers.get("x-content-type-options")).toBe("nosniff");
	expect(text).not.toContain(adminToken);
	expect(text).not.toMatch(/\bat .*\.ts:\d+/);
	const log = app.log.join("");
	expect(log).not.toContain(adminToken);
	expect(log).not.toContain("CANARY");
	const hasOwnForm = scenario.method === "LOCK" || scenario.covers === "/readyz";
	if (response.status >= 400 && text !== "" && !hasOwnForm) {
		const body = JSON.parse(text);
		expect(Object.keys(body)).toEqual(
			expect.arrayContaining(["error", "message", "hint", "request_id"]),
		);
		expect(body.request_id).toBe(response.headers.get("x-request-id"));
	}
	if (response.status === 401) {
		expect(response.headers.get("www-authenticate")).toContain("Basic");
		expect(response.headers.get("www-authenticate")).toContain("Bearer");
	}
	if (response.status === 503) expect(response.headers.get("retry-after")).toMatch(/^\d+$/);
	await scenario.after?.(app, response);
}

type Call = Pick<Scenario, "covers" | "method" | "path" | "body" | "headers">;

const ofUnit = /^\/v1\/(?:units|backend)\//;

/** The scenarios that every route behind the gate has: for callers without a credential and without rights. */
export function gateScenarios(call: Call): Scenario[] {
	const name = `${call.method} ${call.path}`;
	const isHidden = ofUnit.test(call.path);
	const isReading = call.method === "GET" || call.method === "HEAD";
	const forbidden = {
		...call,
		kind: "forbidden",
		status: 403,
		contains: ["forbidden", "contact your administrator"],
		lacks: ["CANARY"],
	} as const;
	// A unit that the caller may not read does not exist for them.
	const hidden = { status: 404, contains: ["unit_not_found", "Unit not found"] };
	return [
		{
			...call,
			name: `${name} without a credential`,
			kind: "unauthenticated",
			status: 401,
			contains: ["unauthenticated"],
		},
		{
			...call,
			name: `${name} with a wrong token`,
			kind: "unauthenticated",
			as: "wrong",
			status: 401,
			contains: ["unauthenticated"],
			lacks: ["not-the-token-at-all"],
		},
		{ ...forbidden, name: `${name} without the right`, ...(isHidden ? hidden : {}) },
		...(isHidden && !isReading
			? [{ ...forbidden, name: `${name} with the right to read only`, mayRead: true }]
			: []),
	];
}
