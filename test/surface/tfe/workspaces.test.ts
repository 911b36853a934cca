/** Workspaces of the TFE API: settings, tags, what may stand beside them. */
import { describe, expect, test } from "bun:test";
import { workspaceId } from "../../support/workspace-id.ts";
import { base, call, lock, org, prod, seeded } from "./client.ts";
import { bound, change, create, inProject, namesOf, project } from "./workspace-calls.ts";

describe("settings", () => {
	const kept: [string, unknown][] = [
		["allow-destroy-plan", false],
		["assessments-enabled", true],
		["auto-apply", true],
		["auto-apply-run-trigger", true],
		["auto-destroy-activity-duration", "14d"],
		["description", "All of the shop"],
		["execution-mode", "remote"],
		["file-triggers-enabled", false],
		["global-remote-state", true],
		["inherits-project-auto-destroy", false],
		["queue-all-runs", true],
		["source-name", "our portal"],
		["source-url", "https://portal.example/1"],
		["speculative-enabled", false],
		["structured-run-output-enabled", false],
		["terraform-version", "~> 1.11.0"],
		["trigger-prefixes", ["/modules", "/shared"]],
		["working-directory", "infra/prod"],
	];

	test("are kept and returned, one by one and together", async () => {
		await using app = await seeded();
		for (const [name, value] of kept) {
			expect((await change(app, { [name]: value })).one.attributes[name]).toEqual(value);
		}
		const { one } = await call(app, "GET", `${org}/workspaces/app__prod`);
		expect(one.attributes).toMatchObject(Object.fromEntries(kept));
		const [listed] = (await call(app, "GET", `${org}/workspaces?search[name]=app__prod`)).all;
		expect(listed?.attributes).toEqual(one.attributes);
	});

	test("of a new workspace are what its creation said", async () => {
		await using app = await seeded();
		const made = await create(app, "fresh", Object.fromEntries(kept));
		expect(made.one.attributes).toMatchObject(Object.fromEntries(kept));
		const plain = await create(app, "plain");
		expect(plain.one.attributes).toMatchObject({
			"execution-mode": "local",
			operations: false,
			"terraform-version": "latest",
			"trigger-prefixes": [],
			"trigger-patterns": [],
			"setting-overwrites": { "execution-mode": false, "agent-pool": false },
		});
	});

	test("that are not acceptable are named", async () => {
		await using app = await seeded();
		const bad: [object, string][] = [
			[{ "auto-apply": "yes" }, "auto-apply"],
			[{ "execution-mode": "elsewhere" }, "execution-mode"],
			[{ description: 7 }, "description"],
			[{ description: "x".repeat(2000) }, "description"],
			[{ "terraform-version": null }, "terraform-version"],
			[{ "terraform-version": "newest" }, "terraform-version"],
			[{ "auto-destroy-at": "soon" }, "auto-destroy-at"],
			[{ "auto-destroy-activity-duration": "5 weeks" }, "auto-destroy-activity-duration"],
			[{ "trigger-patterns": "**/*" }, "trigger-patterns"],
			[{ "trigger-patterns": ["a"], "trigger-prefixes": ["b"] }, "trigger-prefixes"],
			[{ "vcs-repo": { identifier: "a/b" } }, "version control"],
			[{ "agent-pool-id": "apool-1" }, "agents"],
			[{ "execution-mode": "agent" }, "agents"],
			[{ name: "renamed" }, "keeps its name"],
		];
		for (const [attributes, part] of bad) {
			expect(await change(app, attributes)).toMatchObject({
				status: 422,
				detail: expect.stringContaining(part),
			});
		}
		const big = { "trigger-patterns": Array.from({ length: 20 }, () => "x".repeat(500)) };
		expect((await change(app, big)).status).toBe(413);
	});

	test("share a state with the whole organization or with the project", async () => {
		await using app = await seeded();
		const both = { "global-remote-state": true, "project-remote-state": true };
		expect((await change(app, both)).status).toBe(422);
		expect((await create(app, "fresh", both)).status).toBe(422);
		expect((await change(app, { "project-remote-state": true })).one.attributes).toMatchObject({
			"project-remote-state": true,
		});
		// As the vendor's client knows the refusal.
		expect(await change(app, { "global-remote-state": true })).toMatchObject({
			status: 422,
			detail: expect.stringMatching(
				/^Project remote state cannot be enabled when global remote state sharing is enabled/,
			),
		});
		const other = { "global-remote-state": true, "project-remote-state": false };
		expect((await change(app, other)).one.attributes).toMatchObject(other);
	});

	test("end with the workspace's life", async () => {
		await using app = await seeded();
		await change(app, { description: "first life" });
		await call(app, "DELETE", prod);
		expect((await create(app, "app__prod")).one.attributes.description).toBeNull();
	});

	test("of time are told in one form, and null takes them away", async () => {
		await using app = await seeded();
		const set = await change(app, { "auto-destroy-at": "2031-01-02T03:04:05+02:00" });
		expect(set.one.attributes["auto-destroy-at"]).toBe("2031-01-02T01:04:05.000Z");
		const gone = await change(app, { "auto-destroy-at": null });
		expect(gone.one.attributes["auto-destroy-at"]).toBeNull();
	});

	test("of the execution mode are the workspace's own or the project's", async () => {
		await using app = await seeded();
		const { one } = await project(app, "Remote ones", { "default-execution-mode": "remote" });
		const moved = await change(app, {}, inProject(one.id));
		expect(moved.one.attributes).toMatchObject({
			"execution-mode": "remote",
			operations: true,
			"setting-overwrites": { "execution-mode": false },
		});
		const own = await change(app, { "execution-mode": "local" });
		expect(own.one.attributes).toMatchObject({
			"execution-mode": "local",
			"setting-overwrites": { "execution-mode": true },
		});
		const back = await change(app, { "setting-overwrites": { "execution-mode": false } });
		expect(back.one.attributes["execution-mode"]).toBe("remote");
		expect((await change(app, { operations: false })).one.attributes["execution-mode"]).toBe(
			"local",
		);
	});
});

describe("tags", () => {
	test("in both forms are the unit's labels", async () => {
		await using app = await seeded();
		await call(app, "PATCH", `${prod}/tag-bindings`, bound({ env: "prod" }));
		const tag = { data: [{ type: "tags", attributes: { name: "blue" } }] };
		await call(app, "POST", `${prod}/relationships/tags`, tag);
		const unit = await call(app, "GET", "/v1/units/app__prod");
		expect(JSON.parse(unit.text).labels).toEqual({ team: "core", env: "prod", blue: "" });
		expect((await call(app, "GET", prod)).one.attributes["tag-names"]).toEqual(["blue"]);
		const related = `${prod}/relationships/tag-bindings`;
		await call(app, "POST", related, bound({ more: "1" }));
		expect((await call(app, "GET", related)).all.length).toBe(4);
		await call(app, "PATCH", related, bound({ only: "2" }));
		expect((await call(app, "GET", related)).all.map((one) => one.attributes)).toEqual([
			{ key: "only", value: "2" },
		]);
		await change(app, {}, { "tag-bindings": { data: [] } });
		expect((await call(app, "GET", related)).all).toEqual([]);
		expect((await call(app, "PATCH", related, bound({ "x\u0000y": "z" }))).status).toBe(422);
	});

	test("of the organization are listed, spread and taken away", async () => {
		await using app = await seeded();
		const tagged = (...names: string[]) => ({
			tags: { data: names.map((name) => ({ type: "tags", attributes: { name } })) },
		});
		await create(app, "one", {}, tagged("blue", "cli"));
		await create(app, "two", {}, tagged("cli"));
		const list = async (query = "") =>
			(await call(app, "GET", `${org}/tags?${query}`)).all.map(({ attributes }) => [
				attributes.name,
				attributes["instance-count"],
			]);
		expect(await list()).toEqual([
			["blue", 1],
			["cli", 2],
		]);
		expect(await list("q=bl")).toEqual([["blue", 1]]);
		expect(await list(`filter[exclude][taggable][id]=${workspaceId("one")}`)).toEqual([]);
		const [blue] = (await call(app, "GET", `${org}/tags`)).all;
		const two = { data: [{ type: "workspaces", id: workspaceId("two") }] };
		await call(app, "POST", `${base}/tags/${blue?.id}/relationships/workspaces`, two);
		expect(await list("q=blue")).toEqual([["blue", 2]]);
		await call(app, "DELETE", `${org}/tags`, { data: [{ type: "tags", id: blue?.id }] });
		expect(await list()).toEqual([["cli", 2]]);
	});
});

describe("consumers of a state", () => {
	const path = `${prod}/relationships/remote-state-consumers`;
	const named = (...names: string[]) => ({
		data: names.map((name) => ({ type: "workspaces", id: workspaceId(name) })),
	});

	test("are named, and that gives them nothing", async () => {
		await using app = await seeded();
		await create(app, "one");
		await create(app, "two");
		const list = async () => (await call(app, "GET", path)).all.map(({ id }) => id);
		expect((await call(app, "POST", path, named("one", "two"))).status).toBe(204);
		expect(await list()).toEqual([workspaceId("one"), workspaceId("two")]);
		await call(app, "DELETE", path, named("one"));
		expect(await list()).toEqual([workspaceId("two")]);
		await call(app, "PATCH", path, named("one"));
		expect(await list()).toEqual([workspaceId("one")]);
		expect((await call(app, "POST", path, named("nowhere"))).status).toBe(404);
		await call(app, "DELETE", `${base}/workspaces/${workspaceId("one")}`);
		expect(await list()).toEqual([]);
	});
});

describe("lists", () => {
	test("are sorted by name and by the latest change", async () => {
		await using app = await seeded();
		for (const name of ["b", "c", "a"]) await create(app, `sorted-${name}`);
		const sorted = (order: string) => namesOf(app, `search[name]=sorted-&sort=${order}`);
		const names = ["sorted-a", "sorted-b", "sorted-c"];
		expect(await sorted("name")).toEqual(names);
		expect(await sorted("-name")).toEqual(names.toReversed());
		expect(await sorted("current-run.created-at")).toEqual(names);
		const { all } = await call(app, "GET", `${org}/workspaces?sort=-latest-change-at`);
		const times = all.map(({ attributes }) => String(attributes["latest-change-at"]));
		expect(times).toEqual(times.toSorted().toReversed());
		expect((await call(app, "GET", `${org}/workspaces?sort=odd`)).status).toBe(422);
	});

	test("by the status of runs are empty, since there are none", async () => {
		await using app = await seeded();
		expect(await namesOf(app, "filter[current-run][status]=applied")).toEqual([]);
	});
});

describe("what stands beside a workspace", () => {
	test("is what was asked for, as far as it is there", async () => {
		await using app = await seeded();
		await lock(app, "otc-bob");
		const include =
			"organization,project,locked_by,outputs,current-state-version,current_run.plan,readme";
		const { text } = await call(app, "GET", `${prod}?include=${include}`);
		const { data, included } = JSON.parse(text);
		expect(included.map(({ type }: { type: string }) => type)).toEqual([
			"organizations",
			"projects",
			"users",
			"state-versions",
			"workspace-outputs",
		]);
		expect(data.relationships.outputs.data.length).toBe(1);
		const holder = included.find(({ type }: { type: string }) => type === "users");
		expect(data.relationships["locked-by"].data.id).toBe(holder.id);
		expect(data.attributes).toMatchObject({ locked: true });
	});

	test("stands once beside a list", async () => {
		await using app = await seeded();
		const { text } = await call(app, "GET", `${org}/workspaces?include=organization,project`);
		expect(JSON.parse(text).included.length).toBe(2);
	});

	test("is refused with the text that clients know when there is no such relation", async () => {
		await using app = await seeded();
		for (const path of [prod, `${org}/workspaces`, `${org}/projects`]) {
			expect(await call(app, "GET", `${path}?include=odd`)).toMatchObject({
				status: 400,
				detail: "Invalid include parameter",
			});
		}
	});

	test("is not more than the caller may see", async () => {
		await using app = await seeded();
		const include = "locked_by,current_state_version,outputs,effective_tag_bindings";
		const { text } = await call(app, "GET", `${prod}?include=${include}`, undefined, "otc-carol");
		const { data, included } = JSON.parse(text);
		expect(included.map(({ type }: { type: string }) => type)).toEqual(["workspace-outputs"]);
		expect(data.relationships["current-state-version"].data).toBeNull();
	});
});
