/** Teams, accesses and projects: made by the provider, seen and changed by `taco`, and imported. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { failure, ProviderBench, shown } from "../support/provider-bench.ts";
import { terraformOrSkip } from "../support/terraform.ts";

const has = terraformOrSkip("the provider's teams");
const longTimeoutMs = 120_000;
let bench: ProviderBench;

beforeAll(async () => {
	if (has) bench = await ProviderBench.start();
});
afterAll(async () => {
	await bench?.[Symbol.asyncDispose]();
});

/** What the command tells of somebody's right: allowed or denied. */
async function rights(who: string, action: string, unit: string): Promise<boolean> {
	return (await bench.taco("rbac", "test", who, action, unit)).stdout.includes("allowed");
}

const team = (members: string, more = "") => `
resource "opentaco_team" "t" {
  name    = "platform"
  members = [${members}]
  ${more}
}
`;

describe.skipIf(!has)("teams", () => {
	test(
		"a team and its members change in place; drift is set right; import is clean",
		async () => {
			const tf = await bench.attached(
				team('"Dora@example.com", "service:deployer"', 'sso_team_id = "eng"'),
			);
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			const { id } = await shown(tf, "opentaco_team.t");
			const info = JSON.parse((await bench.taco("team", "info", "platform", "--json")).stdout);
			expect(info).toMatchObject({ id, sso_team_id: "eng", members_count: 2 });

			await bench.taco("team", "member", "add", "platform", "stray@example.com");
			await bench.taco("team", "update", "platform", "--sso-team-id", "other");
			expect(await tf.must("plan")).toContain("0 to add, 1 to change, 0 to destroy");
			await tf.must("apply", "-auto-approve");
			const listed = await bench.taco("team", "member", "ls", "platform");
			expect(listed.stdout).not.toContain("stray");
			expect(listed.stdout).toContain("dora@example.com");

			const more = 'organization_access = ["read-workspaces"]\n  visibility = "organization"';
			await bench.rewrite(tf, team('"eve@example.com"', `${more}\n  description = "ours"`));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
			expect(await tf.must("plan")).toContain("No changes");
			expect(await shown(tf, "opentaco_team.t")).toMatchObject({ id, sso_team_id: null });
			expect(await rights("eve@example.com", "unit.read", "any/unit")).toBe(true);
			expect(await rights("dora@example.com", "unit.read", "any/unit")).toBe(false);

			for (const imported of ["platform", String(id)]) {
				await tf.must("state", "rm", "opentaco_team.t");
				await tf.must("import", "opentaco_team.t", imported);
				expect(await tf.must("plan")).toContain("No changes");
			}
			const other = await bench.attached(team(""));
			expect(await failure(other, "apply", "-auto-approve")).toContain("Team already exists");

			await bench.taco("team", "rm", "--yes", "platform");
			expect(await tf.must("plan")).toContain("1 to add, 0 to change, 0 to destroy");
			await tf.must("apply", "-auto-approve");
			await tf.must("destroy", "-auto-approve");
			expect((await bench.taco("team", "ls")).stdout).not.toContain("platform");
		},
		longTimeoutMs,
	);

	test(
		"what is not set stays as it is, and the owners are imported",
		async () => {
			const main = 'resource "opentaco_team" "o" {\n  name = "owners"\n}\n';
			await bench.taco("team", "member", "add", "owners", "alice@example.com");
			const tf = await bench.attached(main);
			await tf.must("import", "opentaco_team.o", "owners");
			expect(await tf.must("plan")).toContain("No changes");
			const members = 'members = ["alice@example.com", "bob@example.com"]';
			await bench.rewrite(tf, main.replace("\n}", `\n  ${members}\n}`));
			await tf.must("apply", "-auto-approve");
			expect(await rights("bob@example.com", "rbac.manage", "*")).toBe(true);
			const text = await failure(tf, "destroy", "-auto-approve");
			expect(text).toContain("owners cannot be deleted");
			await tf.must("state", "rm", "opentaco_team.o");
		},
		longTimeoutMs,
	);

	test(
		"accesses to units and projects, with levels and details",
		async () => {
			const main = (inUnit: string, inProject: string) => `
${team('"finn@example.com"')}
resource "opentaco_project" "shop" {
  name   = "shop"
  labels = { tier = "1" }
}
resource "opentaco_unit" "a" {
  id       = "shop/a"
  settings = { project = opentaco_project.shop.name }
}
resource "opentaco_unit" "b" { id = "misc/b" }
resource "opentaco_team_access" "b" {
  team_id = opentaco_team.t.id
  unit_id = opentaco_unit.b.id
  ${inUnit}
}
resource "opentaco_team_access" "shop" {
  team_id    = opentaco_team.t.id
  project_id = opentaco_project.shop.id
  ${inProject}
}
`;
			const finn = (action: string, unit: string) => rights("finn@example.com", action, unit);
			const tf = await bench.attached(main('level = "read"', 'level = "write"'));
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			expect(await finn("unit.write", "shop/a")).toBe(true);
			expect(await finn("unit.read", "misc/b")).toBe(true);
			expect(await finn("unit.write", "misc/b")).toBe(false);

			const custom = (details: string) => `level = "custom"\n  details = { ${details} }`;
			const full = main(
				custom('state_versions = "write"'),
				custom('state_versions = "read", create = true, settings = "update"'),
			);
			await bench.rewrite(tf, full);
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 2 changed, 0 destroyed");
			expect(await tf.must("plan")).toContain("No changes");
			expect(await finn("unit.write", "misc/b")).toBe(true);
			expect(await finn("unit.write", "shop/a")).toBe(false);

			const { id: teamId } = await shown(tf, "opentaco_team.t");
			const { id: projectId } = await shown(tf, "opentaco_project.shop");
			for (const [address, imported] of [
				["opentaco_team_access.b", `${teamId},unit,misc/b`],
				["opentaco_team_access.shop", `${teamId},project,${projectId}`],
				["opentaco_project.shop", "shop"],
			] as const) {
				await tf.must("state", "rm", address);
				await tf.must("import", address, imported);
			}
			expect(await tf.must("plan")).toContain("No changes");

			await bench.rewrite(tf, main(custom('runs = "plan"'), 'level = "read"'));
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			expect(await finn("unit.read", "misc/b")).toBe(false);
			await bench.taco("team", "access", "grant", "platform", "admin", "--unit", "misc/b");
			await bench.taco("team", "access", "revoke", "platform", "--project", "shop");
			expect(await tf.must("plan")).toContain("1 to add, 1 to change, 0 to destroy");
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			await tf.must("destroy", "-auto-approve");
			expect((await bench.taco("project", "ls")).stdout).not.toContain("shop");
		},
		longTimeoutMs,
	);

	test(
		"wrong values are found by validate, at their attribute",
		async () => {
			const access = (name: string, body: string) =>
				`resource "opentaco_team_access" "${name}" {\n  team_id = "team-x"\n  ${body}\n}\n`;
			const tf = await bench.attached(
				[
					team('"a@example.com", "A@example.com"', 'visibility = "all"'),
					access("none", 'level = "read"'),
					access("both", 'level = "read"\n  unit_id = "a"\n  project_id = "p"'),
					access("level", 'level = "maintain"\n  unit_id = "a"'),
					access("fixed", 'level = "read"\n  unit_id = "a"\n  details = { runs = "plan" }'),
					access("detail", 'level = "custom"\n  unit_id = "a"\n  details = { flying = true }'),
					access("empty", 'level = "custom"\n  unit_id = "a"\n  details = { runs = null }'),
				].join("\n"),
			);
			const text = (await failure(tf, "validate")).replaceAll(/\s+/g, " ");
			for (const part of [
				"two spellings",
				"secret or organization",
				"Set unit_id or project_id",
				"Set either unit_id or project_id",
				"read, plan, write, admin, custom",
				"Only the level custom",
				"no such detail",
				"A detail must have a value",
			]) {
				expect(text).toContain(part);
			}
		},
		longTimeoutMs,
	);
});
