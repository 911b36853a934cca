/** `/v1/units/…/outputs`: for whoever may read the state. Who may read less is in `outputs.test.ts`. */
import { expect } from "bun:test";
import { gateScenarios, type Scenario } from "./scenario.ts";
import { lineage, type TestApp } from "./test-app.ts";

const call = { covers: "listOutputs", method: "GET", path: "/v1/units/app__prod/outputs" } as const;

/** Numbers as no double holds them, names as no object may be trusted with. */
const exact = `{"version":4,"serial":3,"lineage":"${lineage}","outputs":{
 "n": {"value": 1.10, "type": "number"}, "big": {"value": [12345678901234567890123], "type": ["tuple",["number"]]},
 "s": {"value": "CANARY-s", "type": "string", "sensitive": true}, "none": {"value": null, "type": "string"},
 "__proto__": {"value": 1, "type": "number"}},"resources":[]}`;

async function writeExact({ send }: TestApp): Promise<void> {
	const written = await send("POST", "/v1/units/app__prod/upload", { body: exact });
	expect(written.status).toBe(200);
}

const exactBody =
	'{"unit":"app/prod","version":3,"serial":3,"encrypted":false,"outputs":{' +
	'"__proto__":{"sensitive":false,"type":"number","value":1},' +
	'"big":{"sensitive":false,"type":["tuple",["number"]],"value":[12345678901234567890123]},' +
	'"n":{"sensitive":false,"type":"number","value":1.10},' +
	'"s":{"sensitive":true,"type":"string","value":"CANARY-s"}}}';

export const outputScenarios: readonly Scenario[] = [
	...gateScenarios(call),
	{
		...call,
		name: "shows outputs as they stand in the state",
		kind: "ok",
		before: writeExact,
		status: 200,
		exactBody,
		responseHeaders: { "content-type": "application/json;charset=utf-8" },
	},
	{
		...call,
		name: "shows one output by its name",
		kind: "ok",
		path: "/v1/units/app/prod/outputs?name=n&name=__proto__",
		before: writeExact,
		status: 200,
		contains: ['"n":', '"__proto__":'],
		lacks: ['"big"', '"s"'],
	},
	{
		...call,
		name: "shows outputs of an earlier version",
		kind: "ok",
		path: "/v1/units/app__prod/outputs?version=1",
		before: writeExact,
		status: 200,
		contains: ['"version":1', "CANARY-output-one"],
	},
	{
		...call,
		name: "does not send again what the client has",
		kind: "ok",
		status: 200,
		async after(app, response) {
			const headers = { "if-none-match": response.headers.get("etag") ?? "" };
			const again = await app.send("GET", call.path, { headers });
			expect([again.status, await again.text()]).toEqual([304, ""]);
			await writeExact(app);
			expect((await app.send("GET", call.path, { headers })).status).toBe(200);
		},
	},
	...[
		["/v1/units/app__empty/outputs", "no_state"],
		["/v1/units/app__nothing/outputs", "unit_not_found"],
		["/v1/units/app__gone/outputs", "unit_not_found"],
		["/v1/units/app__prod/outputs?version=9", "version_not_found"],
		["/v1/units/app__prod/outputs?name=no", "not_found"],
		["/v1/units/app__prod/outputs?name=o&name=toString", "not_found"],
	].map(
		([path = "", code = ""]): Scenario => ({
			...call,
			name: `has no outputs at ${path}`,
			kind: "refused",
			path,
			status: 404,
			contains: [`"${code}"`],
		}),
	),
	{
		...call,
		name: "says that an encrypted state shows none",
		kind: "ok",
		async before({ send }) {
			const body = `{"serial":3,"lineage":"${lineage}","meta":{},"encrypted_data":"x"}`;
			await send("POST", "/v1/units/app__prod/upload", { body });
		},
		status: 200,
		contains: ['"encrypted":true', '"outputs":{}'],
	},
];
