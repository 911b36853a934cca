/** `taco team` and `taco project`, against the real server. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestApp } from "../../surface/test-app.ts";
import { type RealServer, realServer } from "./real-server.ts";
import type { Finished, TerminalOptions } from "./terminal.ts";

let site: RealServer;

beforeEach(async () => {
	site = await realServer("teams");
});
afterEach(() => site.close());

function run(line: string, options: Partial<TerminalOptions> = {}): Promise<Finished> {
	return site.run(line.split(" "), options);
}

/** The document that it writes under `--json`. */
async function document(line: string) {
	const { code, out, err } = await run(`${line} --json`);
	expect({ code, err }).toEqual({ code: 0, err: "" });
	return JSON.parse(out);
}

describe("taco team", () => {
	test("makes, changes, shows and deletes", async () => {
		expect(await run("team create platform --sso-team-id eng --visibility organization")).toEqual({
			...{ code: 0, out: "Team created: platform\n", err: "" },
		});
		expect(await run("team create platform")).toMatchObject({ code: 4, out: "" });
		expect((await run("team ls")).out).toMatch(
			/NAME +MEMBERS +GROUP.*\nowners.*\nplatform +0 +eng/,
		);
		expect((await document("team ls")).count).toBe(2);
		const access = "--organization-access manage-projects --organization-access read-workspaces";
		expect(
			(await run(`team update platform --name infra ${access} --member-tokens false`)).out,
		).toBe("Team changed: infra\n");
		const { id, ...shown } = await document("team info infra");
		expect(shown).toMatchObject({
			...{ name: "infra", sso_team_id: "eng", allow_member_token_management: false },
			organization_access: ["read-workspaces", "manage-projects"],
		});
		expect((await run("team update infra --organization-access none")).code).toBe(0);
		expect((await document(`team info ${id}`)).organization_access).toEqual([]);
		expect(await run("team update infra")).toMatchObject({ code: 2, out: "" });
		expect(await run("team update infra --organization-access fly")).toMatchObject({ code: 8 });
		expect(await run("team rm infra")).toMatchObject({ code: 2, out: "" });
		const declined = await run("team rm infra", { columns: 80, stdin: "n\n" });
		expect(declined.code).toBe(1);
		expect(declined.err).toContain("Delete the team infra, with its accesses and tokens? [y/N]");
		expect((await run("team rm infra", { columns: 80, stdin: "y\n" })).code).toBe(0);
		expect(await run("team info infra")).toMatchObject({ code: 3, out: "" });
		expect((await run("team rm --yes owners")).code).toBe(4);
	});

	test("adds, lists and takes out members", async () => {
		await run("team create platform");
		expect((await run("team member ls platform")).err).toBe("No members\n");
		expect(await run("team member add platform Ann@example.com")).toEqual({
			...{ code: 0, out: "Added to platform: Ann@example.com\n", err: "" },
		});
		expect((await run("team member add platform ann@example.com")).code).toBe(0);
		expect((await document("team member add platform service:deployer")).count).toBe(2);
		expect((await run("team member ls platform")).out).toMatch(/\nann@example.com .*\nservice:dep/);
		expect((await run("team member rm platform ANN@example.com")).out).toBe(
			"Taken out of platform: ANN@example.com\n",
		);
		expect(await run("team member rm platform ann@example.com")).toMatchObject({ code: 3 });
		expect((await document("team member ls platform")).members).toMatchObject([
			{ subject: "service:deployer" },
		]);
		expect(await run("team member add none ann@example.com")).toMatchObject({ code: 3, out: "" });
		expect((await run("team member add owners ann@example.com")).code).toBe(0);
		expect((await run("team member rm owners ann@example.com")).code).toBe(4);
	});

	test("lets teams into units and projects, and out again", async () => {
		await run("team create platform");
		await run("project create shop");
		const grant = "team access grant platform";
		expect(await run(`${grant} write --unit app/prod`)).toEqual({
			...{ code: 0, out: "Access given: platform, write in app/prod\n", err: "" },
		});
		expect((await run(`${grant} read --unit app/prod`)).out).toBe(
			"Access changed: platform, read in app/prod\n",
		);
		expect((await run(`${grant} maintain --project shop`)).out).toBe(
			"Access given: platform, maintain in project shop\n",
		);
		const custom = `${grant} custom --project shop --detail state-versions=write`;
		const details = await document(`${custom} --detail create=true --detail settings=update`);
		expect(details).toMatchObject({
			level: "custom",
			unit_access: { state_versions: "write", create: true },
			project_access: { settings: "update" },
		});
		const listed = await run("team access ls platform");
		expect(listed.out).toMatch(/platform +app\/prod +read\n/);
		expect(listed.out).toMatch(/platform +project shop +custom +.*settings=update/);
		expect((await document("team access ls --unit app/prod")).count).toBe(1);
		const info = await run("team info platform");
		expect(info.out).toContain("access:        read in app/prod\n");
		expect(info.out).toContain("               custom in project shop\n");
		expect((await run("team access revoke platform --project shop")).out).toBe(
			"Access taken: platform in project shop\n",
		);
		expect(await run("team access revoke platform --project shop")).toMatchObject({ code: 3 });
		expect((await run("team access revoke platform --unit app/prod")).code).toBe(0);
		expect((await run("team access ls")).err).toBe("No accesses\n");
	});

	for (const [line, code, hint] of [
		["team access grant owners read", 2, "--unit or --project"],
		["team access grant owners read --unit app/prod --project x", 2, "either"],
		["team access grant owners read --unit app/prod", 4, "everything"],
		["team access grant owners fly --unit app/prod", 8, "read, plan, write, admin, custom"],
		["team access grant owners read --unit app/none", 3, ""],
		["team access grant owners read --project none", 3, "taco project ls"],
		["team access grant owners custom --unit app/prod --detail runs", 2, "name=value"],
		["team access grant owners read --unit app/prod --detail runs=plan", 8, "custom"],
		["team access grant owners custom --unit app/prod --detail flying=true", 8, "unit_access"],
		["team access grant owners custom --unit app/prod --detail create=true", 8, "state_versions"],
		["team create a --visibility all", 2, "secret, organization"],
	] as const) {
		test(`refuses ${line}`, async () => {
			const { code: got, out, err } = await run(line);
			expect({ got, out }).toEqual({ got: code, out: "" });
			expect(err).toContain(hint);
		});
	}
});

test("taco project makes, renames and deletes, and units move in and out", async () => {
	const created = await run("project create shop --description ours -l tier=1");
	expect(created).toEqual({ code: 0, out: "Project created: shop\n", err: "" });
	expect((await run("project ls")).out).toMatch(/\nDefault Project +prj-default .*\nshop +prj-/);
	expect((await run("project update shop --name store")).out).toBe("Project changed: store\n");
	expect((await document("project ls")).projects[1]).toMatchObject({
		...{ name: "store", description: "ours", labels: { tier: "1" } },
	});
	expect((await run("unit settings app/prod --project store")).code).toBe(0);
	expect(await run("project rm --yes store")).toMatchObject({ code: 4, out: "" });
	expect((await run("unit settings app/prod --project shop")).err).toContain("taco project ls");
	await site.run(["unit", "settings", "app/prod", "--project", "Default Project"]);
	expect(await run("project rm store")).toMatchObject({ code: 2, out: "" });
	expect((await run("project rm --yes store")).out).toBe("Project deleted: store\n");
	expect(await run("project update store --name shop")).toMatchObject({ code: 3 });
	expect(await run("project update store")).toMatchObject({ code: 2 });
});

test("whoever has no rights in the organization is told that there is nothing", async () => {
	await site.app[Symbol.asyncDispose]();
	site.app = createTestApp({ decide: async () => false });
	expect(await run("team ls")).toMatchObject({ code: 0, out: "", err: "No teams\n" });
	expect(await run("project ls")).toMatchObject({ code: 0, out: "", err: "No projects\n" });
});
