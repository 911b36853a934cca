/** Organizations over the TFE API: made, set up, listed and deleted as API clients do it. */
import { expect, test } from "bun:test";
import { workspaceId } from "../../support/workspace-id.ts";
import { stateText } from "../test-app.ts";
import { announcement, base, call, pathOf, put, seeded } from "./client.ts";

const document = (attributes: object) => ({ data: { type: "organizations", attributes } });

test("an organization is made with its settings, changed and deleted", async () => {
	await using app = await seeded();
	const path = `${base}/organizations`;
	const made = await call(app, "POST", path, document({ name: "acme", email: "ops@example.com" }));
	expect(made).toMatchObject({ status: 201, one: { id: "acme", type: "organizations" } });
	expect(made.one.attributes).toMatchObject({
		name: "acme",
		email: "ops@example.com",
		"default-execution-mode": "local",
		"user-tokens-enabled": true,
		permissions: { "can-update": true, "can-destroy": true },
	});
	expect((await call(app, "POST", path, document({ name: "acme" }))).status).toBe(422);
	const changed = await call(app, "PATCH", `${path}/acme`, document({ "session-timeout": 60 }));
	expect(changed.one.attributes).toMatchObject({ email: "ops@example.com", "session-timeout": 60 });
	for (const wrong of [
		{ name: "other" },
		{ email: 1 },
		{ "default-execution-mode": "moon" },
		{ "default-execution-mode": "agent" },
		{ "user-tokens-enabled": false },
	]) {
		expect((await call(app, "PATCH", `${path}/acme`, document(wrong))).status).toBe(422);
	}
	const own = await call(app, "GET", `${path}/default`);
	expect(own.one.attributes).toMatchObject({
		email: "",
		permissions: { "can-destroy": false },
	});
	const listed = await call(app, "GET", `${path}?page%5Bsize%5D=1&page%5Bnumber%5D=2`);
	expect(listed.all.map(({ id }) => id)).toEqual(["acme"]);
	expect(listed.pagination).toMatchObject({ "total-count": 2 });
	expect((await call(app, "GET", `${path}?q=acm`)).all.map(({ id }) => id)).toEqual(["acme"]);
	for (const [query, names] of [
		["q=OPS@example", ["acme"]],
		["q[email]=ops", ["acme"]],
		["q[email]=acme", []],
		["q[name]=acme&q[email]=dev", []],
		["q=nobody@example.com", []],
	] as const) {
		const answer = await call(app, "GET", `${path}?${query}`);
		expect([query, answer.all.map(({ id }) => id)]).toEqual([query, [...names]]);
	}
	const account = await call(app, "GET", `${base}/account/details`);
	expect(account.one.attributes.permissions).toMatchObject({ "can-create-organizations": true });
	expect((await call(app, "DELETE", `${path}/default`)).status).toBe(422);
	expect((await call(app, "DELETE", `${path}/acme`)).status).toBe(204);
	expect((await call(app, "GET", `${path}/acme`)).status).toBe(404);
});

test("its default execution mode is that of new workspaces", async () => {
	await using app = await seeded();
	const path = `${base}/organizations`;
	await call(app, "POST", path, document({ name: "acme", "default-execution-mode": "remote" }));
	const make = (attributes: object) =>
		call(app, "POST", `${path}/acme/workspaces`, { data: { type: "workspaces", attributes } });
	const silent = await make({ name: "one" });
	expect(silent.one.id).toBe(workspaceId("one", "acme"));
	expect(silent.one.attributes).toMatchObject({ "execution-mode": "remote" });
	const saying = await make({ name: "two", "execution-mode": "local" });
	expect(saying.one.attributes).toMatchObject({ "execution-mode": "local" });
});

test("a refused state is told how to force it there, and not onto the unit of that name here", async () => {
	await using app = await seeded();
	await call(app, "POST", `${base}/organizations`, document({ name: "acme" }));
	const made = await call(app, "POST", `${base}/organizations/acme/workspaces`, {
		data: { type: "workspaces", attributes: { name: "app__prod" } },
	});
	const path = `${base}/workspaces/${made.one.id}`;
	await call(app, "POST", `${path}/actions/lock`);
	const upload = await call(app, "POST", `${path}/state-versions`, announcement(stateText(2)));
	const url = pathOf(upload.one.attributes["hosted-state-upload-url"]);
	expect(await put(app, url, stateText(2))).toBe(200);
	const refused = await call(app, "POST", `${path}/state-versions`, announcement(stateText(1)));
	expect(refused).toMatchObject({
		status: 409,
		detail: expect.stringContaining("`taco unit push --force --org acme app/prod FILE`"),
	});
});
