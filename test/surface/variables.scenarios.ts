/** `/v1/units/…/variables`: values that can be read, and values that cannot. */
import { expect } from "bun:test";
import { gateScenarios, type Scenario } from "./scenario.ts";
import type { TestApp } from "./test-app.ts";

const path = "/v1/units/app__prod/variables";
const json = (value: unknown): string => JSON.stringify(value);
const secret = "CANARY-value-of-a-variable";

/** Makes one and gives its id. */
export async function makeVariable(app: TestApp, more: object = {}): Promise<string> {
	const body = json({ key: "region", value: "eu", ...more });
	const made = await app.send("POST", path, { body, headers: { "x-request-id": "seed" } });
	return ((await made.json()) as { id: string }).id;
}

const nobodys = "var-0123456789abcdef";

/** Nowhere in the store, in no list and in no log. */
async function stayedHidden(app: TestApp): Promise<void> {
	await app.core.flush();
	for (let after: string | undefined; ; ) {
		const page = await app.store.list({ prefix: "", limit: 100, ...(after ? { after } : {}) });
		for (const { key } of page.blobs) {
			const found = await app.store.get(key);
			expect(`${key}: ${found.found ? new TextDecoder().decode(found.bytes) : ""}`).not.toContain(
				secret,
			);
		}
		after = page.next;
		if (after === undefined) break;
	}
	const audit = await (await app.send("GET", "/v1/audit")).text();
	expect(audit).toContain("variable.create");
	expect(audit).not.toContain(secret);
	expect(app.log.join("")).not.toContain(secret);
}

const refusals: readonly [string, object, number, string][] = [
	["a key that no configuration has", { key: "a b", value: "x" }, 400, "invalid_request"],
	["a key of the environment with a dash", { key: "a-b", category: "env" }, 400, "invalid_request"],
	["a key with an equals sign", { key: "a=b" }, 400, "invalid_request"],
	["no key", { value: secret }, 400, "invalid_request"],
	["a value that is no text", { key: "a", value: 7 }, 400, "invalid_request"],
	["a category of its own", { key: "a", value: secret, category: "mine" }, 400, "invalid_request"],
	["a value that is too long", { key: "a", value: secret + "x".repeat(65536) }, 413, "too_large"],
	["a value with a zero byte", { key: "a", value: `${secret}\u0000` }, 400, "invalid_request"],
];

export const variableScenarios: readonly Scenario[] = [
	{
		name: "makes a variable",
		covers: "createVariable",
		kind: "ok",
		method: "POST",
		path,
		body: json({ key: "zones", value: '["a"]', hcl: true, description: "where" }),
		status: 201,
		contains: ['"key":"zones"', '"value":"[\\"a\\"]"', '"category":"terraform"', '"hcl":true'],
	},
	{
		name: "keeps a sensitive value to itself",
		covers: "createVariable",
		kind: "ok",
		method: "POST",
		path,
		body: json({ key: "TOKEN", value: secret, category: "env", sensitive: true }),
		status: 201,
		contains: ['"value":null', '"sensitive":true'],
		lacks: [secret],
		after: async (app) => {
			expect(await (await app.send("GET", path)).text()).not.toContain(secret);
			await stayedHidden(app);
		},
	},
	...refusals.map(
		([what, body, status, code]): Scenario => ({
			name: `refuses ${what}`,
			covers: "createVariable",
			kind: "refused",
			method: "POST",
			path,
			body: json(body),
			status,
			contains: [`"error":"${code}"`],
			lacks: [secret],
		}),
	),
	{
		name: "refuses a key that is taken",
		covers: "createVariable",
		kind: "refused",
		method: "POST",
		path,
		before: makeVariable,
		body: json({ key: "region", value: secret }),
		status: 409,
		contains: ['"error":"conflict"'],
		lacks: [secret],
	},
	{
		name: "makes no variable of a unit that is not there",
		covers: "createVariable",
		kind: "refused",
		method: "POST",
		path: "/v1/units/app__none/variables",
		body: json({ key: "region" }),
		status: 404,
		contains: ["unit_not_found"],
	},
	{
		name: "lists variables in the order in which they were made",
		covers: "listVariables",
		kind: "ok",
		method: "GET",
		path: "/v1/units/app/prod/variables",
		before: async (app) => {
			await makeVariable(app);
			await makeVariable(app, { key: "a", sensitive: true, value: secret });
		},
		status: 200,
		contains: ['"key":"region","value":"eu"', '"key":"a","value":null', '"count":2'],
		lacks: [secret],
	},
	{
		name: "shows none of an earlier life of the unit",
		covers: "listVariables",
		kind: "ok",
		method: "GET",
		path,
		before: async (app) => {
			await makeVariable(app);
			const headers = { "x-request-id": "seed" };
			await app.send("DELETE", "/v1/units/app__prod", { headers });
			await app.send("POST", "/v1/units", { headers, body: '{"id":"app/prod"}' });
		},
		status: 200,
		exactBody: '{"variables":[],"count":0}',
	},
	{
		name: "has no variable of another id",
		covers: "getVariable",
		kind: "refused",
		method: "GET",
		path: `${path}/${nobodys}`,
		status: 404,
		contains: ['"error":"not_found"'],
	},
	{
		name: "deletes no variable of another id",
		covers: "deleteVariable",
		kind: "refused",
		method: "DELETE",
		path: `${path}/${nobodys}`,
		status: 404,
		contains: ['"error":"not_found"'],
	},
	{
		name: "changes no variable of another id",
		covers: "updateVariable",
		kind: "refused",
		method: "PATCH",
		path: `${path}/${nobodys}`,
		body: "{}",
		status: 404,
		contains: ['"error":"not_found"'],
	},
	{
		name: "lists those of variable sets too when it is asked",
		covers: "listVariables",
		kind: "ok",
		method: "GET",
		path: `${path}?inherited=true`,
		before: async (app) => {
			await makeVariable(app);
			const variable = {
				type: "vars",
				attributes: { key: "region", value: "us", category: "terraform" },
			};
			const data = {
				...{ type: "varsets", attributes: { name: "shared", global: true } },
				relationships: { vars: { data: [variable] } },
			};
			const headers = { "x-request-id": "seed" };
			const sets = "/tfe/api/v2/organizations/default/varsets";
			await app.send("POST", sets, { headers, body: json({ data }) });
		},
		status: 200,
		contains: ['"name":"shared"},"counts":false', '"set":null,"counts":true}],"count":2'],
	},
	{
		name: "seals nothing anew when there is nothing to seal",
		covers: "resealVariables",
		kind: "ok",
		method: "POST",
		path: "/v1/variables/reseal",
		before: (app) => makeVariable(app, { sensitive: true, value: secret }),
		status: 200,
		exactBody: '{"resealed":0}',
	},
	...gateScenarios({ covers: "resealVariables", method: "POST", path: "/v1/variables/reseal" }),
	...[
		{ covers: "listVariables", method: "GET", path },
		{ covers: "createVariable", method: "POST", path, body: '{"key":"a","value":"b"}' },
		{ covers: "getVariable", method: "GET", path: `${path}/${nobodys}` },
		{ covers: "updateVariable", method: "PATCH", path: `${path}/${nobodys}`, body: "{}" },
		{ covers: "deleteVariable", method: "DELETE", path: `${path}/${nobodys}` },
	].flatMap(gateScenarios),
];
