/**
 * Which credential opens which surface, and which role may do what on its own and on a foreign unit:
 * made from the tables of routes, so that a route that is not told of here fails.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Identities } from "../../src/auth/identity.ts";
import { ownGrant } from "../../src/auth/shared-state.ts";
import type { Principal } from "../../src/core/principal.ts";
import { type Action, includedIn } from "../../src/core/rbac/action.ts";
import type { Decide } from "../../src/core/rbac/grant.ts";
import { backendMethods } from "../../src/server/surfaces/http-backend/index.ts";
import { operations } from "../../src/server/surfaces/management/index.ts";
import { tfeRoutes } from "../../src/server/surfaces/tfe/index.ts";
import { adminToken, basic, createTestApp, lockInfo, stateText, type TestApp } from "./test-app.ts";

interface Route {
	readonly name: string;
	readonly surface: "management" | "http-backend" | "s3" | "tfe";
	readonly method: string;
	path(unit: string): string;
}

const parameters: Readonly<Record<string, string>> = {
	...{ version: "1", role: "none", permission: "none", token: "none", user: "none" },
	...{ variable: "var-0123456789abcdef" },
};

const managed: Route[] = operations
	.filter(({ scope }) => scope !== "public")
	.map(({ id, method, path }) => ({
		...{ name: id, surface: "management", method },
		path: (unit) =>
			path.replace(/:(\w+)/g, (_, name: string) =>
				name === "id" ? unit.replace("/", "__") : (parameters[name] ?? `no-${name}`),
			),
	}));

const backend: Route[] = backendMethods.map((method) => ({
	...{ name: `${method} backend`, surface: "http-backend", method },
	path: (unit) => `/v1/backend/${unit}`,
}));

const s3: Route[] = ["GET", "HEAD", "PUT", "DELETE"].map((method) => ({
	...{ name: `${method} S3`, surface: "s3", method },
	path: (unit) => `/s3/opentaco/${unit}/terraform.tfstate`,
}));

const tfe: Route[] = tfeRoutes.map(({ method, path }) => ({
	...{ name: `${method} ${path}`, surface: "tfe", method },
	path: () => `/tfe/api/v2${path.replace(/:\w+/g, "none")}`,
}));

const routes = [...managed, ...backend, ...s3, ...tfe];
const nobodyMay: Decide = async () => false;

async function credentials(app: TestApp, identities: Identities): Promise<Record<string, string>> {
	const { logins, tokens, signed } = identities;
	const alice = { subject: "user:alice", email: "alice@example.com", groups: [] };
	const { accessToken, refreshToken } = await logins.begin(alice, "local");
	const principal = (await logins.verify(accessToken)) as Principal;
	const grant = await ownGrant({ principal, surface: "management", requestId: "seed" });
	const wanted = { roles: null, units: null, lifeMs: null, organization: null } as const;
	const issue = async (kind: "tfe" | "svc", subject: string) =>
		await tokens.issue(grant, { ...wanted, kind, name: "x", subject });
	const own = await issue("tfe", alice.subject);
	const service = await issue("svc", "service:x");
	const gone = await issue("tfe", alice.subject);
	await tokens.revoke(grant, gone.view.id);
	const { token: code } = await signed.sign("code", alice.subject, 60_000, {});
	const issued = await app.send("POST", "/v1/auth/issue-s3-creds");
	const aws = (await issued.json()) as Record<string, string>;
	return {
		"admin token": adminToken,
		"access token": accessToken,
		"API token": own.token,
		"service token": service.token,
		"refresh token": refreshToken ?? "",
		"authorization code": code,
		"revoked token": gone.token,
		"token of another server": `${accessToken.slice(0, -8)}AAAAAAAA`,
		"S3 session token": aws.SessionToken ?? "",
		"S3 secret key": aws.SecretAccessKey ?? "",
		nonsense: "CANARY-nonsense",
	};
}

const opening = ["admin token", "access token", "API token", "service token"];

/** How a header is made, and on which surfaces it counts. */
const schemes: Readonly<Record<string, { on: readonly string[]; make(token: string): string }>> = {
	bearer: { on: ["management", "http-backend", "tfe"], make: (token) => `Bearer ${token}` },
	basic: { on: ["http-backend"], make: (token) => basic(token) },
	"an AWS signature": {
		on: [],
		make: (token) =>
			`AWS4-HMAC-SHA256 Credential=${token}/20260102/auto/s3/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`,
	},
};

/** Routes that share one application. Those that end a login have one of their own. */
function batches(): Route[][] {
	const alone = routes.filter(({ name }) => name === "logOut");
	const others = routes.filter((route) => !alone.includes(route));
	const all = alone.map((route) => [route]);
	for (let at = 0; at < others.length; at += 20) all.push(others.slice(at, at + 20));
	return all;
}

interface Batch {
	readonly app: TestApp;
	readonly made: Readonly<Record<string, string>>;
	/** What was answered. */
	readonly bodies: string[];
}

/** Sends a request with every credential in every scheme. */
async function tryAll(route: Route, { app, made, bodies }: Batch): Promise<void> {
	// What opens comes last: the route may end what it was called with.
	const kinds = Object.keys(made).sort(
		(a, b) => Number(opening.includes(a)) - Number(opening.includes(b)),
	);
	for (const [scheme, { on, make }] of Object.entries(schemes).reverse()) {
		for (const kind of kinds) {
			const isAdminPassword =
				scheme === "basic" && kind === "admin token" && route.surface === "management";
			const isOpen = isAdminPassword || (opening.includes(kind) && on.includes(route.surface));
			if (isOpen && route.name === "logOut" && kind === "access token") continue;
			const headers = { authorization: make(made[kind] ?? "") };
			const body = route.method === "GET" || route.method === "HEAD" ? {} : { body: "{}" };
			const response = await app.send(route.method, route.path("app/x"), { headers, ...body });
			bodies.push(await response.text(), JSON.stringify([...response.headers]));
			const seen = { scheme, kind, isIn: ![400, 401, 403].includes(response.status) };
			if (route.surface === "s3") expect(seen).toMatchObject({ isIn: false });
			else {
				const isIn = response.status !== 401;
				expect({ ...seen, isIn }).toEqual({ scheme, kind, isIn: isOpen });
			}
		}
	}
	await app.core.flush();
}

/** Neither whole nor by its secret part is anything shown that was presented. */
async function expectNothingShown({ app, made, bodies }: Batch): Promise<void> {
	const trail: string[] = [];
	await using listed = createTestApp({ store: app.store, decide: async () => true });
	for (const path of ["/v1/audit?limit=500", "/v1/audit/export", "/metrics"]) {
		trail.push(await (await listed.send("GET", path)).text());
	}
	expect(trail[0]).toContain("authenticate");
	trail.push(await (await app.send("GET", "/metrics")).text());
	const shown = [...bodies, ...app.log, ...trail].join("\n");
	for (const secret of Object.values(made)) {
		expect(shown.includes(secret)).toBe(false);
		expect(shown.includes(secret.slice(-24))).toBe(false);
	}
}

describe("credential × surface", () => {
	for (const batch of batches()) {
		describe(`${batch[0]?.name} to ${batch.at(-1)?.name}`, () => {
			let opened: Batch;

			beforeAll(async () => {
				const app = createTestApp({ decide: nobodyMay });
				const made = await credentials(app, await app.identities);
				app.log.length = 0;
				opened = { app, made, bodies: [] };
			});

			// After all of them, in whatever order they ran.
			afterAll(async () => {
				await expectNothingShown(opened);
				await opened.app[Symbol.asyncDispose]();
			});

			for (const route of batch) {
				test(`${route.name} opens to what it should, and to nothing else`, async () => {
					await tryAll(route, opened);
				});
			}
		});
	}
});

/** What a route of a unit needs. A new route must be told of here. */
const needs: Readonly<Record<string, Action>> = {
	...{ getUnit: "unit.read", updateUnit: "unit.write", deleteUnit: "unit.delete" },
	...{ getUnitSettings: "unit.read", updateUnitSettings: "unit.write" },
	...{ undeleteUnit: "unit.delete", downloadState: "unit.read", uploadState: "unit.write" },
	...{
		listOutputs: "unit.read",
		listVersions: "unit.read",
		getVersion: "unit.read",
		downloadVersion: "unit.read",
	},
	...{ restoreVersion: "unit.write", lockUnit: "unit.lock", unlockUnit: "unit.lock" },
	...{ unlockUnitByPost: "unit.lock", forceUnlockUnit: "unit.force-unlock" },
	...{ getUnitStatus: "unit.read", acknowledgeUpstream: "unit.write" },
	...{ listVariables: "unit.read-variables", getVariable: "unit.read-variables" },
	...{ createVariable: "unit.write-variables", updateVariable: "unit.write-variables" },
	...{ deleteVariable: "unit.write-variables" },
	...{ "GET backend": "unit.read", "POST backend": "unit.write", "DELETE backend": "unit.delete" },
	...{ "HEAD backend": "unit.read", "PUT backend": "unit.write" },
	...{ "LOCK backend": "unit.lock", "UNLOCK backend": "unit.lock" },
};

const roles: Readonly<Record<string, readonly Action[]>> = {
	stranger: [],
	reader: ["unit.read"],
	locker: ["unit.read", "unit.lock"],
	writer: ["unit.read", "unit.write"],
	keeper: ["unit.read", "unit.delete", "unit.force-unlock"],
};

const covers = (held: readonly Action[], action: Action): boolean =>
	held.includes(action) || held.includes(includedIn(action) ?? action);

const bodyOf = (route: Route): string =>
	/uploadState|(POST|PUT) backend/.test(route.name)
		? stateText(2)
		: route.name === "updateUnit"
			? '{"labels":{"a":"b"}}'
			: route.name === "createVariable"
				? '{"key":"a"}'
				: route.name === "restoreVersion"
					? '{"version":1}'
					: /[lL]ock|LOCK/.test(route.name)
						? JSON.stringify({ ...lockInfo, id: lockInfo.ID })
						: "{}";

describe("route × role × own and foreign unit", () => {
	const ofUnit = [
		...managed.filter(({ name }) => operations.find(({ id }) => id === name)?.scope === "unit"),
		...backend,
	];

	test("every route of a unit says what it needs", () => {
		expect(Object.keys(needs).sort()).toEqual(ofUnit.map(({ name }) => name).sort());
	});

	for (const route of ofUnit) {
		test(route.name, async () => {
			let actions: readonly Action[] = [];
			const open = () => unitsFor(() => actions);
			let app = await open();
			for (const [role, held] of Object.entries(roles)) {
				actions = held;
				for (const unit of ["dev/app", "prod/app"]) {
					const show = async () => {
						const shown = await app.send("GET", `/v1/units/${unit.replace("/", "__")}`);
						return await shown.text();
					};
					const before = await show();
					const hasBody = !/^(GET|HEAD)$/.test(route.method) && route.name !== "DELETE backend";
					const body = hasBody ? { body: bodyOf(route) } : {};
					const headers = { authorization: "Bearer x" };
					const response = await app.send(route.method, route.path(unit), { headers, ...body });
					const isOwn = unit.startsWith("dev/");
					const may = isOwn && covers(actions, needs[route.name] as Action);
					const wanted = may ? "done" : isOwn && actions.includes("unit.read") ? 403 : 404;
					const { status } = response;
					// The gate let it pass to where there is no variable of that id.
					const isPassed = /"not_found"/.test(await response.text());
					const seen = !isPassed && [401, 403, 404].includes(status) ? status : "done";
					expect({ role, unit, seen }).toEqual({ role, unit, seen: wanted });
					if (seen !== "done") {
						// What was refused changed nothing, so the next one starts from the same.
						expect(await show()).toBe(before);
						continue;
					}
					await app[Symbol.asyncDispose]();
					app = await open();
				}
			}
			await app[Symbol.asyncDispose]();
		});
	}
});

/** An application with two units, the own and the foreign one of a user with some rights on `dev/`. */
async function unitsFor(actions: () => readonly Action[]): Promise<TestApp> {
	const decide: Decide = async ({ principal }, action, resource) =>
		principal.id !== "user:x" ||
		(covers(actions(), action) && JSON.stringify(resource).includes("dev/"));
	const who: Principal = { id: "user:x", credentialKind: "access-token", loginId: "l" };
	const app = createTestApp({ decide, principals: { x: who } });
	for (const unit of ["dev/app", "prod/app"]) {
		await app.send("POST", "/v1/units", { body: JSON.stringify({ id: unit }) });
		await app.send("POST", `/v1/backend/${unit}`, { body: stateText(1) });
	}
	return app;
}
