/** Lists that come in pages. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { TacoClient } from "../../../src/client/client.ts";
import { IdentityClient } from "../../../src/client/identity-client.ts";
import { FakeServer } from "../cli/fake-server.ts";

let server: FakeServer;

beforeEach(() => {
	server = new FakeServer();
});
afterEach(() => server.stop());

test("list organizations over pages", async () => {
	const page = (name: string, next?: string) => () =>
		Response.json({ organizations: [{ name }], count: 1, next });
	const options = { serverUrl: server.url, agent: "test" };
	server.faults.push(page("default", "default"), page("acme", "acme"), page("c"));
	const found = await new TacoClient(options).organizations.list();
	expect(found.map(({ name }) => name)).toEqual(["default", "acme", "c"]);
	expect(server.requests.map(({ target }) => target)).toEqual([
		...["/v1/orgs", "/v1/orgs?cursor=default", "/v1/orgs?cursor=acme"],
	]);
});

test("list tokens over pages, oldest first", async () => {
	const page = (id: string, created: string, next?: string) => () =>
		Response.json({ tokens: [{ id, created }], next });
	const options = { serverUrl: server.url, agent: "test" };
	server.faults.push(page("a", "2026-02-01", "a"), page("b", "2026-01-01"));
	const identity = new IdentityClient(options);
	const found = await identity.listTokens({ all: true });
	expect(found.map(({ id }) => id)).toEqual(["b", "a"]);
	expect(server.requests.map(({ target }) => target)).toEqual([
		...["/v1/auth/tokens?all=true", "/v1/auth/tokens?all=true&cursor=a"],
	]);
});
