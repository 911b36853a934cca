/** Projects of the TFE API: what they are, and what their workspaces have from them. */
import { describe, expect, test } from "bun:test";
import { workspaceId } from "../../support/workspace-id.ts";
import { base, call, org, seeded } from "./client.ts";
import { bound, change, create, inProject, namesOf, project } from "./workspace-calls.ts";

describe("projects", () => {
	test("have no agents, and give their workspaces what these do not say", async () => {
		await using app = await seeded();
		const { one } = await project(app, "Short lived", { "auto-destroy-activity-duration": "3d" });
		const name = "auto-destroy-activity-duration";
		expect((await change(app, {}, inProject(one.id))).one.attributes[name]).toBe("3d");
		expect((await change(app, { [name]: "9h" })).one.attributes[name]).toBe("9h");
		const none = { [name]: null, "inherits-project-auto-destroy": false };
		expect((await change(app, none)).one.attributes[name]).toBeNull();
		for (const [attributes, part] of [
			[{ "default-execution-mode": "agent" }, "must be specified when using 'agent'"],
			[{ "default-agent-pool-id": "apool-1" }, "no agents"],
			[{ "default-execution-mode": "moon" }, "default-execution-mode"],
			[{ [name]: "20m" }, "Auto destroy activity duration has an incorrect format"],
		] as const) {
			expect(await project(app, "Wrong", attributes)).toMatchObject({
				status: 422,
				detail: expect.stringContaining(part),
			});
		}
	});

	test("are made, changed, found and deleted", async () => {
		await using app = await seeded();
		const { one } = await project(app, "Web shop", { description: "sells" });
		const path = `${base}/projects/${one.id}`;
		const renamed = await call(app, "PATCH", path, {
			data: { type: "projects", attributes: { name: "Shop", description: null } },
		});
		expect(renamed.one.attributes).toMatchObject({ name: "Shop", description: "" });
		expect((await project(app, "Shop")).status).toBe(422);
		await project(app, "Another");
		const names = async (query: string) =>
			(await call(app, "GET", `${org}/projects?${query}`)).all.map((p) => p.attributes.name);
		expect(await names("")).toEqual(["Default Project", "Another", "Shop"]);
		expect(await names("sort=-name&page[size]=2")).toEqual(["Shop", "Another"]);
		expect(await names("filter[names]=Shop,Another")).toEqual(["Another", "Shop"]);
		expect(await names("q=SHO")).toEqual(["Shop"]);
		expect((await call(app, "GET", `${org}/projects?sort=odd`)).status).toBe(422);
		expect((await call(app, "DELETE", path)).status).toBe(204);
		expect((await call(app, "GET", path)).status).toBe(404);
		expect((await call(app, "DELETE", path)).status).toBe(404);
	});

	test("with workspaces are not deleted, nor is the default one", async () => {
		await using app = await seeded();
		const { one } = await project(app, "Web shop");
		await change(app, {}, inProject(one.id));
		const refused = await call(app, "DELETE", `${base}/projects/${one.id}`);
		expect(refused).toMatchObject({ status: 409, detail: expect.stringContaining("workspaces") });
		await change(app, {}, inProject("prj-default"));
		expect((await call(app, "DELETE", `${base}/projects/${one.id}`)).status).toBe(204);
		expect((await call(app, "DELETE", `${base}/projects/prj-default`)).status).toBe(409);
		const named = await call(app, "PATCH", `${base}/projects/prj-default`, {
			data: { type: "projects", attributes: { name: "Everything else" } },
		});
		expect(named.one).toMatchObject({
			id: "prj-default",
			attributes: { name: "Everything else" },
		});
		expect((await create(app, "x", {}, inProject(one.id))).status).toBe(404);
	});

	test("take workspaces in, all of a list or none", async () => {
		await using app = await seeded();
		const { one } = await project(app, "Web shop");
		const move = (...names: string[]) =>
			call(app, "POST", `${base}/projects/${one.id}/relationships/workspaces`, {
				data: names.map((name) => ({ type: "workspaces", id: workspaceId(name) })),
			});
		const inIt = () => namesOf(app, `filter[project][id]=${one.id}`);
		await create(app, "one");
		await create(app, "two");
		expect((await move("one", "two")).status).toBe(204);
		expect(await inIt()).toEqual(["one", "two"]);
		expect(await namesOf(app, "filter[project][id]=prj-default&search[name]=one")).toEqual([]);
	});

	test("give their tags to their workspaces, whose own go before", async () => {
		await using app = await seeded();
		const tags = { "tag-bindings": bound({ env: "prod", team: "shop" }) };
		const { one } = await project(app, "Web shop", {}, tags);
		await create(
			app,
			"inside",
			{},
			{ ...inProject(one.id), "tag-bindings": bound({ env: "dev" }) },
		);
		const path = `${base}/workspaces/${workspaceId("inside")}/effective-tag-bindings`;
		const { all } = await call(app, "GET", path);
		expect(all.map(({ attributes }) => attributes)).toEqual([
			{ key: "env", value: "dev" },
			{ key: "team", value: "shop" },
		]);
		expect(all[1]).toMatchObject({
			relationships: { "inherited-from": { data: { id: one.id, type: "projects" } } },
		});
		const team = "filter[tagged][0][key]=team&filter[tagged][0][value]=shop";
		expect(await namesOf(app, team)).toEqual(["inside"]);
		const ofAnyTeam = "filter[tagged][0][key]=team&filter[tagged][0][value]=";
		expect(await namesOf(app, ofAnyTeam)).toEqual(expect.arrayContaining(["app__prod", "inside"]));
		const either = `${team}&filter[tagged][1][key]=env&filter[tagged][1][value]=prod`;
		expect(await namesOf(app, either)).toEqual([]);
		expect(await namesOf(app, `${either}&filter[tag-union]=true`)).toEqual(["inside"]);
		await call(app, "PATCH", `${base}/projects/${one.id}/relationships/tag-bindings`, bound({}));
		expect((await call(app, "GET", path)).all.length).toBe(1);
	});
});
