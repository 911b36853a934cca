/** Variables and variable sets over the TFE API: whose value counts, and what is never told. */
import { describe, expect, test } from "bun:test";
import { workspaceId } from "../../support/workspace-id.ts";
import { app, base, call, made, onWorkspace, org, team, useTeamsApp } from "./teams-app.ts";

useTeamsApp();

const shop = `${base}/workspaces/${workspaceId("shop/a")}`;
const secret = "CANARY-secret-value-of-a-variable";

const variable = (key: string, value: string, more: object = {}) => ({
	data: { type: "vars", attributes: { key, value, category: "terraform", ...more } },
});

async function set(name: string, attributes: object, more: object = {}): Promise<string> {
	const data = { type: "varsets", attributes: { name, ...attributes }, relationships: more };
	return (await made(`${org}/varsets`, { data })).id;
}

const put = (id: string, key: string, value: string) =>
	made(`${base}/varsets/${id}/relationships/vars`, variable(key, value));

interface Listed {
	readonly id: string;
	readonly attributes: { readonly key: string; readonly value: string | null };
	readonly relationships: Readonly<Record<string, { readonly data: unknown }>>;
}

interface Named {
	readonly id: string;
	readonly attributes: { readonly name: string };
}

/** What the workspace has, by key. */
async function counting(workspace = shop): Promise<Record<string, string | null>> {
	const { data } = await call(null, "GET", `${workspace}/all-vars`);
	return Object.fromEntries(
		(data as Listed[]).map(({ attributes: { key, value } }) => [key, value]),
	);
}

describe("a variable", () => {
	test("keeps what it was given, and changes in parts", async () => {
		const made1 = await made(`${shop}/vars`, variable("zones", '["a"]', { hcl: true }));
		expect(made1.attributes).toMatchObject({ key: "zones", value: '["a"]', hcl: true });
		const one = `${shop}/vars/${made1.id}`;
		const change = { data: { type: "vars", attributes: { description: "where" } } };
		const changed = await call(null, "PATCH", one, change);
		expect(changed.data.attributes).toMatchObject({ value: '["a"]', description: "where" });
		const again = await call(null, "POST", `${shop}/vars`, variable("zones", "x"));
		expect(again).toMatchObject({ status: 422 });
		expect(
			(await call(null, "POST", `${shop}/vars`, variable("a", "b", { category: "x" }))).status,
		).toBe(422);
		expect((await call(null, "DELETE", one)).status).toBe(204);
		expect((await call(null, "GET", one)).status).toBe(404);
	});

	test("of which there are many comes in one list, as clients read one page only", async () => {
		for (let n = 0; n < 120; n++) await made(`${shop}/vars`, variable(`k${n}`, "v"));
		const { data, json } = await call(null, "GET", `${shop}/vars`);
		expect(data).toHaveLength(120);
		expect(json.meta.pagination["total-pages"]).toBe(1);
		expect((await call(null, "GET", `${shop}/vars?page[size]=50`)).data).toHaveLength(50);
	});

	test("that is sensitive is told by nothing", async () => {
		const id = await set("shared", { global: true });
		const sensitive = variable("token", secret, { sensitive: true });
		const own = await made(`${shop}/vars`, sensitive);
		const shared = await made(`${base}/varsets/${id}/relationships/vars`, sensitive);
		const paths = [
			...[`${shop}/vars`, `${shop}/vars/${own.id}`, `${shop}/all-vars`, `${shop}/varsets`],
			...[`${org}/varsets?include=vars`, `${base}/varsets/${id}/relationships/vars`],
			`${base}/varsets/${id}/relationships/vars/${shared.id}`,
		];
		for (const path of paths) {
			const answer = await call(null, "GET", path);
			expect(answer.status).toBe(200);
			expect(answer.text).not.toContain(secret);
		}
		for (const path of [`${shop}/vars`, `${base}/varsets/${id}/relationships/vars`]) {
			for (const wrong of [{ key: "a b" }, { category: "x" }, { hcl: "yes" }, {}]) {
				const refused = await call(null, "POST", path, variable("token", secret, wrong));
				expect(refused.status).toBe(422);
				expect(refused.text).not.toContain(secret);
			}
		}
		await app.core.flush();
		expect((await call(null, "GET", "/v1/audit?limit=500")).text).not.toContain(secret);
		expect(app.log.join("")).not.toContain(secret);
		for (let after: string | undefined; ; ) {
			const page = await app.store.list({ prefix: "", limit: 500, ...(after ? { after } : {}) });
			for (const { key } of page.blobs) {
				const blob = await app.store.get(key);
				expect(blob.found && new TextDecoder().decode(blob.bytes)).not.toContain(secret);
			}
			after = page.next;
			if (after === undefined) break;
		}
	});
});

describe("variable sets", () => {
	test("give their values by closeness, then by name; those with priority go before all", async () => {
		const related = { workspaces: { data: [{ type: "workspaces", id: workspaceId("shop/a") }] } };
		const inProject = { projects: { data: [{ type: "projects", id: "prj-default" }] } };
		const everywhere = await set("everywhere", { global: true });
		const project = await set("project", {}, inProject);
		const near = await set("b near", {}, related);
		const nearer = await set("a near", {}, related);
		for (const [id, value] of [
			[everywhere, "everywhere"],
			[project, "project"],
			[near, "b near"],
			[nearer, "a near"],
		] as const) {
			for (const key of ["one", "two", "three", "four"].slice(0, 4)) {
				const isKnown =
					id === everywhere ||
					(id === project && key !== "one") ||
					(id !== project && (key === "three" || key === "four"));
				if (isKnown) await put(id, key, value);
			}
		}
		await made(`${shop}/vars`, variable("four", "own"));
		expect(await counting()).toEqual({
			...{ one: "everywhere", two: "project", three: "a near", four: "own" },
		});
		expect(await counting(`${base}/workspaces/${workspaceId("shop/b")}`)).toEqual({
			...{ one: "everywhere", two: "project", three: "project", four: "project" },
		});
		for (const [id, value] of [
			[near, "near first"],
			[everywhere, "all first"],
		] as const) {
			const priority = { data: { type: "varsets", attributes: { priority: true } } };
			expect((await call(null, "PATCH", `${base}/varsets/${id}`, priority)).status).toBe(200);
			expect({ value, four: (await counting()).four }).toEqual({
				...{ value, four: value === "near first" ? "b near" : "everywhere" },
			});
		}
		const { data } = await call(null, "GET", `${shop}/all-vars`);
		const fours = (data as Listed[]).filter(({ attributes }) => attributes.key === "four");
		expect(fours).toHaveLength(1);
		expect(fours[0]?.relationships.overwritten?.data).toHaveLength(4);
	});

	test("are made with their variables, applied, taken off and deleted", async () => {
		const vars = { vars: { data: [variable("a", "1").data, variable("b", "2").data] } };
		const id = await set("shared", {}, vars);
		const one = `${base}/varsets/${id}`;
		expect((await call(null, "GET", one)).data.attributes).toMatchObject({
			...{ "var-count": 2, "workspace-count": 0, global: false },
		});
		expect(await counting()).toEqual({});
		const places = { data: [{ type: "workspaces", id: workspaceId("shop/a") }] };
		const at = `${one}/relationships/workspaces`;
		expect((await call(null, "POST", at, places)).status).toBe(204);
		expect((await call(null, "POST", at, places)).status).toBe(204);
		expect(await counting()).toEqual({ a: "1", b: "2" });
		expect((await call(null, "GET", one)).data.attributes["workspace-count"]).toBe(1);
		expect((await call(null, "DELETE", at, places)).status).toBe(204);
		expect(await counting()).toEqual({});
		const nowhere = { data: [{ type: "workspaces", id: workspaceId("none") }] };
		expect((await call(null, "POST", at, nowhere)).status).toBe(404);
		const again = { data: { type: "varsets", attributes: { name: "shared" } } };
		expect((await call(null, "POST", `${org}/varsets`, again)).status).toBe(422);
		expect((await call(null, "DELETE", one)).status).toBe(204);
		expect((await call(null, "GET", one)).status).toBe(404);
	});

	test("of a project are its administrators', and apply there only", async () => {
		const body = { data: { type: "projects", attributes: { name: "mine" } } };
		const project = (await made(`${org}/projects`, body)).id;
		const id = await team("admins", ["ann@example.com"]);
		await made(`${base}/team-projects`, {
			data: {
				type: "team-projects",
				attributes: { access: "admin" },
				relationships: {
					team: { data: { type: "teams", id } },
					project: { data: { type: "projects", id: project } },
				},
			},
		});
		const own = (name: string, parent?: string) => ({
			data: {
				type: "varsets",
				attributes: { name, global: true },
				relationships:
					parent === undefined ? {} : { parent: { data: { type: "projects", id: parent } } },
			},
		});
		const create = (given: object) => call("ann", "POST", `${org}/varsets`, given);
		expect((await create(own("for all"))).status).toBe(403);
		expect((await create(own("theirs", "prj-default"))).status).toBe(403);
		const made1 = await create(own("ours", project));
		expect(made1.status).toBe(201);
		const vars = `${base}/varsets/${made1.data.id}/relationships/vars`;
		expect((await call("ann", "POST", vars, variable("a", "1"))).status).toBe(201);
		const workspace = {
			data: {
				...{ type: "workspaces", attributes: { name: "mine__a" } },
				relationships: { project: { data: { type: "projects", id: project } } },
			},
		};
		expect((await call("ann", "POST", `${org}/workspaces`, workspace)).status).toBe(201);
		expect(await counting(`${base}/workspaces/${workspaceId("mine/a")}`)).toEqual({ a: "1" });
		expect(await counting()).toEqual({});
		expect((await call("ann", "GET", `${org}/varsets`)).data).toHaveLength(1);
		expect((await call("bob", "GET", `${org}/varsets`)).data).toHaveLength(0);
	});

	test("stand beside where they apply, when that is asked for", async () => {
		const places = {
			workspaces: { data: [{ type: "workspaces", id: workspaceId("shop/a") }] },
			projects: { data: [{ type: "projects", id: "prj-default" }] },
		};
		const id = await set("shared", {}, places);
		await set("nowhere", {});
		const query = "?include=workspaces,projects";
		for (const path of [`${org}/varsets`, `${base}/varsets/${id}`]) {
			const { included } = (await call(null, "GET", path + query)).json;
			expect((included as Named[]).map(({ id, attributes }) => [id, attributes.name])).toEqual([
				[workspaceId("shop/a"), "shop__a"],
				["prj-default", "Default Project"],
			]);
			expect((await call(null, "GET", path)).json.included).toBeUndefined();
		}
	});

	test("are shown, where they apply, to whoever may read the workspace", async () => {
		const id = await set("shared", {});
		await put(id, "a", "1");
		const applied = {
			data: ["a", "b"].map((at) => ({ type: "workspaces", id: workspaceId(`shop/${at}`) })),
		};
		const places = `${base}/varsets/${id}/relationships/workspaces`;
		expect((await call(null, "POST", places, applied)).status).toBe(204);
		const readers = await team("readers", ["ann@example.com"]);
		await made(`${base}/team-workspaces`, onWorkspace(readers, "read"));
		expect((await call("ann", "GET", `${shop}/all-vars`)).data).toHaveLength(1);
		const here = await call("ann", "GET", `${shop}/varsets`);
		expect(here.data).toHaveLength(1);
		// Where else it applies is not theirs to know.
		expect(here.text).not.toContain(workspaceId("shop/b"));
		expect((await call(null, "GET", `${shop}/varsets`)).text).toContain(workspaceId("shop/b"));
		expect((await call("ann", "GET", `${base}/varsets/${id}`)).status).toBe(404);
		const vars = `${base}/varsets/${id}/relationships/vars`;
		expect((await call("ann", "POST", vars, variable("b", "2"))).status).toBe(404);
		expect((await call("bob", "GET", `${shop}/all-vars`)).status).toBe(404);
	});
});
