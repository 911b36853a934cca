/** Every route of the TFE API: who may, who may not, and what comes back. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { Decide } from "../../../src/core/rbac/grant.ts";
import { tfeRoutes } from "../../../src/server/surfaces/tfe/index.ts";
import { workspaceId } from "../../support/workspace-id.ts";
import { createTestApp, seed, stateText, type TestApp } from "../test-app.ts";
import type { Call } from "./calls.ts";
import { checkAnswer } from "./conformance.ts";
import { organizationCalls } from "./organization-calls.ts";
import { teamCalls } from "./team-calls.ts";
import { variableCalls } from "./variable-calls.ts";

const base = "/tfe/api/v2";
const org = `${base}/organizations/default`;

function md5(text: string): string {
	return createHash("md5").update(text).digest("hex");
}

const version2 = `sv-app__prod-2-${md5(stateText(2))}`;
const version1 = `sv-app__prod-1-${md5(stateText(1))}`;
const output2 = `wsout-app__prod-2-${md5(stateText(2))}-6f`;

const locked = (app: TestApp) =>
	app.send("POST", `${base}/workspaces/${workspaceId("app/prod")}/actions/lock`, { body: "{}" });

const nextState = stateText(3);
const announcement = {
	data: {
		type: "state-versions",
		attributes: { serial: 3, md5: md5(nextState), lineage: "", force: false },
	},
};
const tags = { data: [{ type: "tags", attributes: { name: "blue" } }] };
const bindings = { data: [{ type: "tag-bindings", attributes: { key: "env", value: "prod" } }] };
const patch = { data: { type: "workspaces", attributes: { description: "ours" } } };
const back = {
	data: {
		type: "state-versions",
		relationships: {
			"rollback-state-version": { data: { id: version1, type: "state-versions" } },
		},
	},
};
const named = (name: string, type: string) => ({ data: { type, attributes: { name } } });

const otherWorkspace = { data: [{ type: "workspaces", id: workspaceId("app/held") }] };
const defaultProject = `${base}/projects/prj-default`;
const managersOnly = { reader: 403, stranger: 403 } as const;

const W = "/workspaces/:workspace";
const N = "/organizations/:organization/workspaces/:name";
const prod = `${base}/workspaces/${workspaceId("app/prod")}`;
const prodByName = `${org}/workspaces/app__prod`;

const calls: readonly Call[] = [
	{ route: "GET /ping", path: `${base}/ping`, status: 204, stranger: 204 },
	{ route: "GET /account/details", path: `${base}/account/details`, status: 200, stranger: 200 },
	{ route: "GET /organizations", path: `${base}/organizations`, status: 200, stranger: 200 },
	{ route: "GET /organizations/:organization", path: org, status: 200, stranger: 200 },
	...organizationCalls,
	{
		route: "GET /organizations/:organization/entitlement-set",
		path: `${org}/entitlement-set`,
		status: 200,
		stranger: 200,
	},
	{
		route: "GET /organizations/:organization/projects",
		path: `${org}/projects`,
		status: 200,
		stranger: 200,
	},
	{
		route: "POST /organizations/:organization/projects",
		path: `${org}/projects`,
		status: 201,
		body: named("Web shop", "projects"),
		reader: 403,
		stranger: 403,
	},
	...["", "/tag-bindings", "/relationships/tag-bindings", "/effective-tag-bindings"].map(
		(words) => ({
			route: `GET /projects/:project${words}`,
			path: `${defaultProject}${words}`,
			status: 200,
		}),
	),
	{
		route: "PATCH /projects/:project",
		path: defaultProject,
		status: 200,
		body: named("Everything else", "projects"),
		...managersOnly,
	},
	{
		route: "DELETE /projects/:project",
		path: defaultProject,
		status: 409,
		...managersOnly,
	},
	{
		route: "PATCH /projects/:project/tag-bindings",
		path: `${defaultProject}/tag-bindings`,
		status: 200,
		body: bindings,
		...managersOnly,
	},
	...(["POST", "PATCH"] as const).map((method) => ({
		route: `${method} /projects/:project/relationships/tag-bindings`,
		path: `${defaultProject}/relationships/tag-bindings`,
		status: 204,
		body: bindings,
		...managersOnly,
	})),
	{
		route: "POST /projects/:project/relationships/workspaces",
		path: `${defaultProject}/relationships/workspaces`,
		status: 204,
		body: otherWorkspace,
		reader: 403,
	},
	{
		route: "GET /organizations/:organization/tags",
		path: `${org}/tags`,
		status: 200,
		stranger: 200,
	},
	{
		route: "DELETE /organizations/:organization/tags",
		path: `${org}/tags`,
		status: 204,
		body: { data: [{ type: "tags", id: "tag-626c7565" }] },
		stranger: 204,
	},
	{
		route: "POST /tags/:tag/relationships/workspaces",
		path: `${base}/tags/tag-626c7565/relationships/workspaces`,
		status: 204,
		body: otherWorkspace,
		reader: 403,
	},
	{
		route: "GET /organizations/:organization/workspaces",
		path: `${org}/workspaces`,
		status: 200,
		stranger: 200,
	},
	{
		route: "POST /organizations/:organization/workspaces",
		path: `${org}/workspaces`,
		status: 201,
		body: named("app__new", "workspaces"),
		reader: 403,
		stranger: 403,
	},
	...[
		{ route: N, path: prodByName },
		{ route: W, path: prod },
	].flatMap(({ route, path }): Call[] => [
		{ route: `GET ${route}`, path, status: 200 },
		{ route: `PATCH ${route}`, path, status: 200, body: patch, reader: 403 },
		{ route: `DELETE ${route}`, path, status: 204, reader: 403 },
		{
			route: `POST ${route}/actions/safe-delete`,
			path: `${path}/actions/safe-delete`,
			status: 204,
			reader: 403,
		},
	]),
	...[
		"tag-bindings",
		"relationships/tag-bindings",
		"effective-tag-bindings",
		"relationships/remote-state-consumers",
	].map((words) => ({ route: `GET ${W}/${words}`, path: `${prod}/${words}`, status: 200 })),
	...(["POST", "PATCH"] as const).map((method) => ({
		route: `${method} ${W}/relationships/tag-bindings`,
		path: `${prod}/relationships/tag-bindings`,
		status: 204,
		body: bindings,
		reader: 403,
	})),
	...(["POST", "PATCH", "DELETE"] as const).map((method) => ({
		route: `${method} ${W}/relationships/remote-state-consumers`,
		path: `${prod}/relationships/remote-state-consumers`,
		status: 204,
		body: otherWorkspace,
		reader: 403,
	})),
	{
		route: `PATCH ${W}/tag-bindings`,
		path: `${prod}/tag-bindings`,
		status: 200,
		body: bindings,
		reader: 403,
	},
	{ route: `GET ${W}/relationships/tags`, path: `${prod}/relationships/tags`, status: 200 },
	...(["POST", "DELETE"] as const).map((method) => ({
		route: `${method} ${W}/relationships/tags`,
		path: `${prod}/relationships/tags`,
		status: 204,
		body: tags,
		reader: 403,
	})),
	{ route: `POST ${W}/actions/lock`, path: `${prod}/actions/lock`, status: 200, reader: 403 },
	{
		route: `POST ${W}/actions/unlock`,
		path: `${prod}/actions/unlock`,
		status: 200,
		reader: 403,
		before: locked,
	},
	{
		route: `POST ${W}/actions/force-unlock`,
		path: `${base}/workspaces/${workspaceId("app/held")}/actions/force-unlock`,
		status: 200,
		reader: 403,
	},
	{
		route: `GET ${W}/current-state-version`,
		path: `${prod}/current-state-version`,
		status: 200,
	},
	{ route: `GET ${W}/state-versions`, path: `${prod}/state-versions`, status: 200 },
	{
		route: `POST ${W}/state-versions`,
		path: `${prod}/state-versions`,
		status: 201,
		body: announcement,
		reader: 403,
		before: locked,
	},
	{
		route: `PATCH ${W}/state-versions`,
		path: `${prod}/state-versions`,
		status: 200,
		body: back,
		reader: 403,
		before: locked,
	},
	{
		route: "GET /state-versions",
		path: `${base}/state-versions?filter[workspace][name]=app__prod&filter[organization][name]=default`,
		status: 200,
	},
	{
		route: "GET /state-versions/:version",
		path: `${base}/state-versions/${version1}`,
		status: 200,
	},
	{
		route: "GET /state-versions/:version/download",
		path: `${base}/state-versions/${version1}/download`,
		status: 200,
	},
	...["soft_delete", "restore", "permanently_delete"].map((word) => ({
		route: `POST /state-versions/:version/actions/${word}_backing_data`,
		path: `${base}/state-versions/${version1}/actions/${word}_backing_data`,
		status: 204,
		reader: 403,
	})),
	{
		route: `GET ${W}/current-state-version-outputs`,
		path: `${prod}/current-state-version-outputs`,
		status: 200,
	},
	{
		route: "GET /state-versions/:version/outputs",
		path: `${base}/state-versions/${version2}/outputs`,
		status: 200,
	},
	{
		route: "GET /state-version-outputs/:output",
		path: `${base}/state-version-outputs/${output2}`,
		status: 200,
	},
	...["resources", "runs", "configuration-versions"].map((words) => ({
		route: `GET ${W}/${words}`,
		path: `${prod}/${words}`,
		status: 200,
	})),
	...["runs", "runs/queue", "capacity"].map((words) => ({
		route: `GET /organizations/:organization/${words}`,
		path: `${org}/${words}`,
		status: 200,
		stranger: 200,
	})),
	...["/runs", "/queries", `${W}/configuration-versions`].map((route) => ({
		route: `POST ${route}`,
		path: `${base}${route.replace(":workspace", workspaceId("app/prod"))}`,
		status: 422,
		stranger: 422,
	})),
	...teamCalls,
	...variableCalls,
];

const isSeed = (requestId: string) => requestId === "seed" || requestId === "before";

function deciding(may: (action: string) => boolean): Decide {
	return async (caller, action) =>
		isSeed(caller.requestId) || caller.principal.credentialKind === "system" || may(action);
}

async function answer(call: Call, may: (action: string) => boolean, as: "admin" | "nobody") {
	await using app = createTestApp({ decide: deciding(may) });
	await seed(app);
	const before: TestApp = {
		...app,
		send: (method, path, init) =>
			app.send(method, path, { ...init, headers: { "x-request-id": "before" } }),
	};
	const id = String((await call.before?.(before)) ?? "");
	app.log.length = 0;
	const [method = ""] = call.route.split(" ");
	const body =
		call.body === undefined ? {} : { body: JSON.stringify(call.body).replace("{id}", id) };
	const response = await app.send(method, call.path.replace("{id}", id), { ...body, as });
	const text = await response.text();
	expect(app.log.join("")).not.toContain("CANARY");
	return { response, text };
}

function checkForm({ response, text }: { response: Response; text: string }): void {
	checkAnswer(response, text);
	if (response.headers.get("content-type") === "application/json") return;
	expect(response.headers.get("tfp-api-version")).toBe("2.6");
	expect(response.headers.get("x-ratelimit-limit")).toBeNull();
}

for (const call of calls) {
	describe(call.route, () => {
		test("for whoever may", async () => {
			const answered = await answer(call, () => true, "admin");
			expect({ status: answered.response.status, text: answered.text }).toMatchObject({
				status: call.status,
			});
			checkForm(answered);
		});

		test("without a credential", async () => {
			const answered = await answer(call, () => true, "nobody");
			expect(answered.response.status).toBe(401);
			checkForm(answered);
		});

		test("for whoever may do nothing", async () => {
			const answered = await answer(call, () => false, "admin");
			expect(answered.response.status).toBe(call.stranger ?? 404);
			expect(answered.text).not.toContain("CANARY");
			checkForm(answered);
		});

		test("for whoever may only read", async () => {
			const answered = await answer(call, (action) => action === "unit.read", "admin");
			expect(answered.response.status).toBe(call.reader ?? call.status);
		});
	});
}

test("every route of the table is called here, and nothing else", () => {
	const all = tfeRoutes.map(({ method, path }) => `${method} ${path}`);
	expect([...new Set(calls.map(({ route }) => route))].sort()).toEqual([...new Set(all)].sort());
});

test("what is no route is a 404 under both base paths, whatever the method", async () => {
	await using app = createTestApp();
	for (const path of ["/tfe/api/v2/nothing", "/api/v2/teams/x", "/tfe/api/v2/workspaces//vars"]) {
		for (const method of ["GET", "POST", "PATCH", "DELETE", "PUT"]) {
			const response = await app.send(method, path);
			expect(`${method} ${path}: ${response.status}`).toBe(`${method} ${path}: 404`);
			checkForm({ response, text: await response.text() });
		}
	}
	expect((await app.send("GET", "/api/v2/ping")).status).toBe(204);
});
