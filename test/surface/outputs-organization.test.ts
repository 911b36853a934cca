/** Outputs of two organizations: rights and indexes of one say nothing of the other. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { workspaceId } from "../support/workspace-id.ts";
import { limited, principals, stateOf } from "./outputs-fixture.ts";
import { createTestApp, type TestApp } from "./test-app.ts";

let app: TestApp;

async function send(who: string | null, method: string, path: string, body?: object | string) {
	const headers: Record<string, string> = who === null ? {} : { authorization: `Bearer ${who}` };
	const text = typeof body === "object" ? JSON.stringify(body) : body;
	const init = text === undefined ? { headers } : { headers, body: text };
	const response = await app.send(method, path, init);
	return { status: response.status, text: await response.text() };
}

async function must(path: string, body: object | string): Promise<void> {
	const { status, text } = await send(null, "POST", path, body);
	expect([path, status < 300, text]).toEqual([path, true, expect.anything()]);
}

async function fill(root: string, rule: string): Promise<void> {
	await must(`${root}/units`, { id: "network/prod" });
	await must(`${root}/units/network__prod/upload`, stateOf(root === "/v1" ? 1 : 2));
	await must(`${root}/rbac/init`, {});
	await must(`${root}/rbac/permissions`, { id: "vpc", rules: [rule] });
	await must(`${root}/rbac/roles`, { id: "vpc", name: "vpc" });
	await must(`${root}/rbac/roles/vpc/permissions`, { permission_id: "vpc" });
	await must(`${root}/rbac/users/assign`, { email: "carol@example.com", role_id: "vpc" });
}

beforeAll(async () => {
	app = createTestApp({ decide: "roles", principals });
	await must("/v1/orgs", { name: "acme" });
	await fill("/v1", "allow:unit.read-outputs:network/*#vpc_*");
	await fill("/v1/orgs/acme", "allow:unit.read-outputs:network/*#vpc_id");
});

afterAll(async () => {
	await app[Symbol.asyncDispose]();
});

test("each one is read with the rights in it", async () => {
	expect((await send("carol", "GET", "/v1/backend/network/prod")).text).toBe(limited(1));
	const other = await send("carol", "GET", "/v1/orgs/acme/backend/network/prod");
	expect(JSON.parse(other.text)).toMatchObject({ serial: 2, outputs: { vpc_id: {} } });
	expect(other.text).not.toContain("vpc_token");
	const shown = await send("carol", "GET", "/v1/orgs/acme/units/network__prod/outputs");
	expect(Object.keys(JSON.parse(shown.text).outputs)).toEqual(["vpc_id"]);
	const tfe = `/tfe/api/v2/workspaces/${workspaceId("network/prod", "acme")}/current-state-version-outputs`;
	const { data } = JSON.parse((await send("carol", "GET", tfe)).text);
	expect(data.map((one: { attributes: { name: string } }) => one.attributes.name)).toEqual([
		"vpc_id",
	]);
});

test("what is known of a state lies where the state does", async () => {
	await send("carol", "GET", "/v1/orgs/acme/units/network__prod/outputs");
	const keys = async (prefix: string) =>
		(await app.store.list({ prefix, limit: 100 })).blobs.map(({ key }) => key);
	expect((await keys("__opentaco/orgs/acme/__opentaco/index/network__prod/")).length).toBe(2);
});
