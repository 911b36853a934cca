/** `taco variable` and `taco variable-set`, against the real server. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RealServer, realServer } from "./real-server.ts";
import type { Finished } from "./terminal.ts";

let site: RealServer;

beforeEach(async () => {
	site = await realServer("variables");
});
afterEach(() => site.close());

function variable(words: readonly string[], stdin?: string): Promise<Finished> {
	return run("variable", words, stdin);
}

function run(group: string, words: readonly string[], stdin?: string): Promise<Finished> {
	return site.run([group, ...words], stdin === undefined ? {} : { stdin });
}

describe("taco variable", () => {
	test("sets, lists, exports and deletes", async () => {
		expect(await variable(["set", "app/prod", "region=eu=1"])).toEqual({
			code: 0,
			out: "Variable created: region\n",
			err: "",
		});
		expect((await variable(["set", "app/prod", "region=it's"])).out).toBe(
			"Variable changed: region\n",
		);
		expect((await variable(["set", "app/prod", "LOG=debug", "--env"])).code).toBe(0);
		expect((await variable(["set", "app/prod", "with-dash=1"])).code).toBe(0);
		await writeFile(join(site.folder, "zones"), '["a"]\n');
		expect((await variable(["set", "app/prod", "zones", "--hcl", "-f", "zones"])).code).toBe(0);
		const listed = await variable(["ls", "app/prod"]);
		expect(listed.out).toContain("it's");
		expect(listed.out).toContain("terraform, hcl");
		expect(await variable(["export", "app/prod"])).toEqual({
			code: 0,
			out: "export TF_VAR_region='it'\\''s'\nexport LOG='debug'\nexport TF_VAR_zones='[\"a\"]\n'\n",
			err: "Left out: with-dash\n",
		});
		expect((await variable(["rm", "app/prod", "LOG", "--env"])).code).toBe(0);
		expect((await variable(["rm", "app/prod", "LOG", "--env"])).code).toBe(3);
		expect((await variable(["rm", "app/prod", "LOG"])).err).toContain("--env");
	});

	test("takes a sensitive value from stdin only, and never shows it", async () => {
		const refused = await variable(["set", "app/prod", "token=CANARY", "--sensitive"]);
		expect(refused).toMatchObject({ code: 2, out: "" });
		expect(refused.err).not.toContain("CANARY");
		expect((await variable(["set", "app/prod", "token", "--sensitive"], "CANARY\n")).code).toBe(0);
		const seen = await Promise.all([
			variable(["ls", "app/prod"]),
			variable(["ls", "app/prod", "--json"]),
			variable(["export", "app/prod"]),
		]);
		for (const { code, out, err } of seen) {
			expect(code).toBe(0);
			expect(out + err).not.toContain("CANARY");
		}
		expect(seen[0]?.out).toContain("(sensitive)");
		expect(seen[2]?.err).toBe("Left out: token\n");
	});

	test("shows and exports those of variable sets, the ones that count", async () => {
		const given = (key: string, value: string) => ({
			...{ type: "vars", attributes: { key, value, category: "terraform" } },
		});
		const data = {
			...{ type: "varsets", attributes: { name: "shared", global: true } },
			relationships: { vars: { data: [given("a", "far"), given("b", "far")] } },
		};
		const sets = "/tfe/api/v2/organizations/default/varsets";
		await site.app.send("POST", sets, { body: JSON.stringify({ data }) });
		expect((await variable(["set", "app/prod", "b=near"])).code).toBe(0);
		expect((await variable(["ls", "app/prod"])).out).not.toContain("far");
		const listed = await variable(["ls", "app/prod", "--inherited"]);
		expect(listed.out).toContain("shared (does not count)");
		expect((await variable(["export", "app/prod"])).out).toBe(
			"export TF_VAR_a='far'\nexport TF_VAR_b='near'\n",
		);
		expect((await variable(["reseal", "--json"])).out).toContain('"resealed": 0');
	});

	test("tells of a unit that is not there, and of a value that is given twice", async () => {
		expect((await variable(["ls", "app/none"])).code).toBe(3);
		expect((await variable(["set", "app/prod", "a=b", "-f", "x"])).code).toBe(2);
		expect((await variable(["set", "app/prod", "a b=c"])).code).toBe(8);
	});
});

describe("taco variable-set", () => {
	const sets = (words: readonly string[], stdin?: string): Promise<Finished> =>
		run("variable-set", words, stdin);

	test("makes, fills, applies, shows and deletes", async () => {
		const created = await sets(["create", "shared", "--unit", "app/prod", "--description", "all"]);
		expect(created).toEqual({ code: 0, out: "Variable set created: shared\n", err: "" });
		expect((await sets(["put", "shared", "a=1"])).out).toBe("Variable created: a\n");
		expect((await sets(["put", "shared", "a=2"])).out).toBe("Variable changed: a\n");
		expect((await sets(["put", "shared", "t", "--env", "--sensitive"], "CANARY\n")).code).toBe(0);
		const vars = await sets(["vars", "shared"]);
		expect(vars.out).toContain("(sensitive)");
		expect(vars.out).not.toContain("CANARY");
		expect((await variable(["export", "app/prod"])).out).toBe("export TF_VAR_a='2'\n");
		expect((await sets(["withdraw", "shared", "--unit", "app/prod"])).code).toBe(0);
		expect((await variable(["export", "app/prod"])).out).toBe("");
		expect((await sets(["apply", "shared", "--project", "Default Project"])).code).toBe(0);
		expect((await sets(["apply", "shared", "--project", "prj-default"])).code).toBe(0);
		expect((await sets(["apply", "shared", "--project", "none"])).code).toBe(3);
		expect((await sets(["ls"])).out).toMatch(/shared +project Default Project +no +all/);
		expect((await variable(["export", "app/prod"])).out).toBe("export TF_VAR_a='2'\n");
		expect((await sets(["unset", "shared", "a"])).out).toBe("Variable deleted: a\n");
		expect((await sets(["rm", "shared"])).out).toBe("Variable set deleted: shared\n");
		expect((await sets(["vars", "shared"])).code).toBe(3);
	});

	test("says what is missing", async () => {
		expect((await sets(["create", "shared"])).code).toBe(0);
		expect((await sets(["apply", "shared"])).code).toBe(2);
		expect((await sets(["create", "shared"])).code).toBe(4);
		expect((await sets(["apply", "none", "--unit", "a"])).code).toBe(3);
	});
});
