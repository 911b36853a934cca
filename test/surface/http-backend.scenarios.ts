/** `/v1/backend`: what Terraform's client needs, status by status. */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { gateScenarios, type Scenario } from "./scenario.ts";
import { adminToken, basic, lockInfo, stateText } from "./test-app.ts";

const md5 = (text: string): string => createHash("md5").update(text).digest("base64");
const root = "/v1/backend";
const own = { ...lockInfo, ID: "99999999-0000-4000-8000-000000000000", Who: "bob@desk" };
const covers = (method: string) => `${method} /v1/backend/*`;

const calls = [
	{ method: "GET", path: `${root}/app/prod` },
	{ method: "HEAD", path: `${root}/app/prod` },
	{ method: "POST", path: `${root}/app/prod`, body: stateText(3) },
	{ method: "PUT", path: `${root}/app/prod`, body: stateText(3) },
	{ method: "DELETE", path: `${root}/app/prod` },
	{ method: "LOCK", path: `${root}/app/prod`, body: JSON.stringify(own) },
	{ method: "UNLOCK", path: `${root}/app/held` },
].map((call) => ({ ...call, covers: covers(call.method) }));

/** HEAD has no body to look into, nor has the answer that there is no state. */
const gates = calls.flatMap(gateScenarios).map((scenario): Scenario => {
	const { contains, ...rest } = scenario;
	const isEmpty = scenario.method === "HEAD" || (scenario.method === "GET" && rest.status === 404);
	return isEmpty ? rest : { ...rest, contains: contains ?? [] };
});

const reads: Scenario[] = [
	...["GET", "HEAD"].map(
		(method): Scenario => ({
			name: `${method} gives the state byte for byte`,
			covers: covers(method),
			kind: "ok",
			method,
			path: `${root}/app/prod`,
			headers: { authorization: basic(adminToken) },
			status: 200,
			exactBody: method === "GET" ? stateText(2) : "",
			responseHeaders: {
				"content-type": "application/json",
				"content-length": String(stateText(2).length),
				"x-opentaco-version": "2",
			},
		}),
	),
	{
		name: "says 204 for a unit without state",
		covers: covers("GET"),
		kind: "ok",
		method: "GET",
		path: `${root}/app/empty`,
		status: 204,
		exactBody: "",
	},
	...["nothing", "app/gone"].map(
		(id): Scenario => ({
			name: `says 404 with an empty body for ${id}`,
			covers: covers("GET"),
			kind: "ok",
			method: "GET",
			path: `${root}/${id}`,
			status: 404,
			exactBody: "",
		}),
	),
];

const writes: Scenario[] = [
	...["POST", "PUT"].flatMap((method): Scenario[] => [
		{
			name: `${method} writes without a lock where none is held`,
			covers: covers(method),
			kind: "ok",
			method,
			path: `${root}/app/prod`,
			headers: { "content-md5": md5(stateText(3)) },
			body: stateText(3),
			status: 200,
			exactBody: "",
			after: async ({ send }) => {
				expect(await (await send("GET", `${root}/app/prod`)).text()).toBe(stateText(3));
			},
		},
		{
			name: `${method} creates the unit`,
			covers: covers(method),
			kind: "ok",
			method,
			path: `${root}/new/unit`,
			body: stateText(1),
			status: 200,
		},
		{
			name: `${method} takes a lock info for a lock`,
			covers: covers(method),
			kind: "ok",
			method,
			path: `${root}/app/prod`,
			body: JSON.stringify(own),
			status: 200,
			contains: [own.ID],
			after: async ({ send }) => {
				expect(await (await send("GET", "/v1/units/app__prod")).json()).toMatchObject({
					lock: { id: own.ID, who: own.Who },
				});
			},
		},
	]),
	...[`?ID=${lockInfo.ID}`, `?id=${lockInfo.ID}`, `?token=x&ID=${lockInfo.ID}`].map(
		(query): Scenario => ({
			name: `writes under the lock of ${query}`,
			covers: covers("POST"),
			kind: "ok",
			method: "POST",
			path: `${root}/app/held${query}`,
			body: stateText(1),
			status: 200,
		}),
	),
	{
		name: "writes under the lock of the header",
		covers: covers("POST"),
		kind: "ok",
		method: "POST",
		path: `${root}/app/held`,
		headers: { "x-terraform-lock-id": lockInfo.ID },
		body: stateText(1),
		status: 200,
	},
	...(
		[
			["without the lock that is held", "app/held", stateText(1), 409, "locked"],
			["under another lock", `app/held?ID=${own.ID}`, stateText(1), 409, "locked"],
			["under a lock that is not held", "app/prod?ID=X", stateText(3), 409, "lock_mismatch"],
			["with a lower serial", "app/prod", stateText(1), 409, "state_conflict"],
			["that is no JSON", "app/prod", "<html>ECHO", 400, "invalid_state"],
			["that is empty", "app/prod", "", 400, "invalid_state"],
			["of an id outside the grammar", "a__ECHO__.", stateText(1), 400, "invalid_unit_id"],
			["of the system unit, which is not there", "__opentaco_system", stateText(1), 404, ""],
			["of another reserved id", "__opentaco_ECHO", stateText(1), 400, "invalid_unit_id"],
		] as const
	).map(
		([what, path, body, status, code]): Scenario => ({
			name: `refuses a write ${what}`,
			covers: covers("POST"),
			kind: "refused",
			method: "POST",
			path: `${root}/${path}`,
			body,
			status,
			contains: [code],
			lacks: ["ECHO", "CANARY"],
		}),
	),
	{
		name: "refuses a write with another checksum",
		covers: covers("POST"),
		kind: "refused",
		method: "POST",
		path: `${root}/app/prod`,
		headers: { "content-md5": md5("x") },
		body: stateText(3),
		status: 400,
		contains: ["checksum_mismatch"],
	},
];

const locks: Scenario[] = [
	{
		name: "LOCK succeeds with 200 and keeps every field",
		covers: covers("LOCK"),
		kind: "ok",
		method: "LOCK",
		path: `${root}/app/prod`,
		headers: { "content-md5": md5(JSON.stringify({ ...own, Extra: { a: 1 } })) },
		body: JSON.stringify({ ...own, Extra: { a: 1 } }),
		status: 200,
		exactBody: JSON.stringify({ ...own, Extra: { a: 1 } }),
	},
	{
		name: "LOCK creates the unit",
		covers: covers("LOCK"),
		kind: "ok",
		method: "LOCK",
		path: `${root}/new/unit`,
		body: JSON.stringify(own),
		status: 200,
	},
	{
		name: "LOCK by the holder again succeeds",
		covers: covers("LOCK"),
		kind: "ok",
		method: "LOCK",
		path: `${root}/app/held`,
		body: JSON.stringify(lockInfo),
		status: 200,
		contains: ["alice@laptop"],
	},
	{
		name: "LOCK by another says in the ID who holds it",
		covers: covers("LOCK"),
		kind: "refused",
		method: "LOCK",
		path: `${root}/app/held`,
		body: JSON.stringify(own),
		status: 423,
		contains: [
			`"ID":"${lockInfo.ID} (held by alice@laptop as admin, since `,
			', over the HTTP backend)"',
			'"Who":"alice@laptop"',
			`"Created":"${lockInfo.Created}"`,
		],
	},
	{
		name: "LOCK with an id that was released is no lock, and readable",
		covers: covers("LOCK"),
		kind: "refused",
		method: "LOCK",
		path: `${root}/app/held`,
		before: ({ send }) => send("UNLOCK", `${root}/app/held`, { body: JSON.stringify(lockInfo) }),
		body: JSON.stringify(lockInfo),
		status: 409,
		contains: ['"ID":"a lock with this id was already released"'],
	},
	...["", "{}", '{"ID":""}', '{"ID":7}', "ECHO", "[]"].map(
		(body): Scenario => ({
			name: `LOCK with ${body || "nothing"} is not understood`,
			covers: covers("LOCK"),
			kind: "refused",
			method: "LOCK",
			path: `${root}/app/prod`,
			body,
			status: 400,
			contains: ["invalid_request"],
			lacks: ["ECHO"],
		}),
	),
	{
		name: "LOCK with a large description names the limit",
		covers: covers("LOCK"),
		kind: "refused",
		method: "LOCK",
		path: `${root}/app/prod`,
		body: JSON.stringify({ ...own, Info: "x".repeat(20_000) }),
		status: 413,
		contains: ["16384"],
	},
	...["UNLOCK", "DELETE"].flatMap((method): Scenario[] => [
		{
			name: `${method} with the lock info releases`,
			covers: covers(method),
			kind: "ok",
			method,
			path: `${root}/app/held`,
			headers: { "content-md5": md5(JSON.stringify(lockInfo)) },
			body: JSON.stringify(lockInfo),
			status: 200,
			exactBody: "",
		},
		{
			name: `${method} without a body breaks the lock`,
			covers: covers(method),
			kind: "ok",
			method,
			path: `${root}/app/held`,
			headers: { "content-md5": md5("") },
			status: 200,
			after: async ({ send }) => {
				const unit = await (await send("GET", "/v1/units/app__held")).json();
				expect(unit).toMatchObject({ locked: false });
			},
		},
		{
			name: `${method} of another lock is refused`,
			covers: covers(method),
			kind: "refused",
			method,
			path: `${root}/app/held`,
			body: JSON.stringify(own),
			status: 409,
			contains: ["lock_mismatch"],
		},
	]),
	{
		name: "UNLOCK again succeeds",
		covers: covers("UNLOCK"),
		kind: "ok",
		method: "UNLOCK",
		path: `${root}/app/held`,
		before: ({ send }) => send("UNLOCK", `${root}/app/held`, { body: JSON.stringify(lockInfo) }),
		body: JSON.stringify(lockInfo),
		status: 200,
	},
	{
		name: "UNLOCK without a body where nothing is locked succeeds",
		covers: covers("UNLOCK"),
		kind: "ok",
		method: "UNLOCK",
		path: `${root}/app/prod`,
		status: 200,
	},
];

const rest: Scenario[] = [
	{
		name: "a bare DELETE deletes the unit",
		covers: covers("DELETE"),
		kind: "ok",
		method: "DELETE",
		path: `${root}/app/prod`,
		status: 200,
		after: async ({ send }) => {
			expect((await send("GET", `${root}/app/prod`)).status).toBe(404);
		},
	},
	{
		name: "a bare DELETE leaves a locked unit alone",
		covers: covers("DELETE"),
		kind: "refused",
		method: "DELETE",
		path: `${root}/app/held`,
		status: 409,
		contains: ["locked"],
	},
	...(
		[
			["POST", JSON.stringify(own)],
			["PUT", JSON.stringify(own)],
			["LOCK", JSON.stringify(own)],
		] as const
	).map(
		([method, body]): Scenario => ({
			name: `${method} on …/lock locks`,
			covers: covers(method),
			kind: "ok",
			method,
			path: `${root}/app/prod/lock`,
			body,
			status: 200,
			contains: [own.ID],
		}),
	),
	{
		name: "DELETE on …/lock releases",
		covers: covers("DELETE"),
		kind: "ok",
		method: "DELETE",
		path: `${root}/app/held/lock`,
		body: JSON.stringify(lockInfo),
		status: 200,
	},
	{
		name: "GET on …/lock is told how to write a unit of that name",
		covers: covers("GET"),
		kind: "refused",
		method: "GET",
		path: `${root}/app/lock`,
		status: 405,
		contains: ["method_not_allowed", "%2F"],
	},
	{
		name: "a unit named lock is reached with %2F",
		covers: covers("POST"),
		kind: "ok",
		method: "POST",
		path: `${root}/app%2Flock`,
		body: stateText(1),
		status: 200,
	},
	{
		name: "PATCH is no method of the backend",
		covers: covers("PATCH"),
		kind: "refused",
		method: "PATCH",
		path: `${root}/app/prod`,
		status: 405,
		contains: ["method_not_allowed", "LOCK"],
	},
];

export const backendScenarios: readonly Scenario[] = [
	...gates,
	...reads,
	...writes,
	...locks,
	...rest,
];
