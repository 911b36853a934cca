/** While the storage does not answer nothing is "not there", and nobody is let in or out. */
import { expect, test } from "bun:test";
import type { Principal } from "../../src/core/principal.ts";
import { operations } from "../../src/server/surfaces/management/index.ts";
import { userId } from "../../src/server/surfaces/tfe/ids.ts";
import { tfeRoutes } from "../../src/server/surfaces/tfe/index.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { realClock } from "../support/core.ts";
import { FaultStore } from "../support/fault-store.ts";
import { workspaceId } from "../support/workspace-id.ts";
import { createTestApp, stateText } from "./test-app.ts";

const ann: Principal = {
	...{ id: "oidc:ann", credentialKind: "access-token", loginId: "l-ann" },
	...{ email: "ann@example.com", groups: [] },
};

/** What is the same for everybody, whatever is stored. */
const fixed: ReadonlySet<string> = new Set([
	"/tfe/api/v2/ping",
	"/tfe/api/v2/organizations/default/entitlement-set",
	"/tfe/api/v2/organizations/default/capacity",
	"/tfe/api/v2/organizations/default/runs",
	"/tfe/api/v2/organizations/default/runs/queue",
	`/tfe/api/v2/users/${userId(ann)}`,
	"/v1/auth/config",
	"/v1/auth/me",
	"/v1/info",
]);

const md5 = "0".repeat(32);
const ids: Readonly<Record<string, string>> = {
	...{
		organization: "default",
		name: "shop__a",
		workspace: workspaceId("shop/a"),
		user: userId(ann),
	},
	...{ version: `sv-shop__a-1-${md5}`, output: `wsout-shop__a-1-${md5}-61` },
	...{ team: "team-owners", project: "prj-default", membership: "ou-1", access: "tws-1" },
	...{ token: `at-${"0".repeat(20)}`, variable: "var-1", set: "varset-1", tag: "tag-61" },
	...{ id: "shop__a", role: "admin", permission: "admin" },
};

function filled(path: string): string {
	return path.replace(/:([a-z]+)/g, (_, name: string) => ids[name] ?? "1");
}

const asked = [
	...tfeRoutes.map(({ method, path }) => ({ method, path: `/tfe/api/v2${filled(path)}` })),
	...operations.map(({ method, path }) => ({
		...{ method, path: filled(path.replace(":version", "1").replace(":token", "0".repeat(20))) },
	})),
].filter(({ method, path }) => ["GET", "DELETE"].includes(method) && !fixed.has(path));

test("every address that reads says that the storage does not answer", async () => {
	let isDown = false;
	const store = new FaultStore(new MemoryStore(realClock), () =>
		isDown ? { kind: "before", error: "unavailable" } : null,
	);
	await using warm = createTestApp({ store, decide: "roles", principals: { ann } });
	const json = (path: string, body: object) =>
		warm.send("POST", path, { body: JSON.stringify(body) });
	await json("/v1/rbac/init", { email: "ann@example.com" });
	await json("/v1/orgs", { name: "acme", admin: "ann@example.com" });
	for (const root of ["/v1", "/v1/orgs/acme"]) {
		expect((await json(`${root}/units`, { id: "shop/a" })).status).toBe(201);
		const upload = `${root}/units/shop__a/upload`;
		expect((await warm.send("POST", upload, { body: stateText(1) })).status).toBe(200);
	}
	// Another server on the same store, which knows nothing yet.
	const cold = createTestApp({ store, decide: "roles", principals: { ann }, actDeadlineMs: 50 });
	await cold.identities;
	const found: string[] = [];
	const headers = { authorization: "Bearer ann" };
	const query: Readonly<Record<string, string>> = {
		"/tfe/api/v2/state-versions": "?filter[workspace][name]=shop__a",
		"/v1/graph/blast": "?unit=shop/a",
	};
	isDown = true;
	for (const { method, path } of asked) {
		const address = `${path}${query[path] ?? ""}`;
		const body = method === "GET" ? {} : { body: JSON.stringify({ id: "x", data: [] }) };
		const response = await cold.send(method, address, { headers, ...body });
		if (response.status !== 503) found.push(`${method} ${address}: ${await response.text()}`);
	}
	for (const path of [
		"/v1/orgs/acme/units",
		`/tfe/api/v2/workspaces/${workspaceId("shop/a", "acme")}`,
	]) {
		expect((await cold.send("GET", path, { headers })).status).toBe(503);
	}
	isDown = false;
	expect(found).toEqual([]);
});
