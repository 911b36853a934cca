/** A team that `taco` made, under the real client: a machine in it works in its project, until it is out. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { runTaco } from "../support/executable.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import {
	httpBackend,
	httpCredentials,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";

const isThere = terraformOrSkip("teams made by taco");
let folder: TemporaryDirectory;
let server: RunningServer;

beforeAll(async () => {
	folder = await temporaryDirectory();
	server = await startServer({ cwd: folder.path });
});

afterAll(async () => {
	await server?.kill();
	await folder?.remove();
});

/** What the command writes; it must succeed. */
async function taco(...args: string[]): Promise<string> {
	const env = { OPENTACO_SERVER: server.url, OPENTACO_TOKEN: adminToken };
	const { exitCode, stdout, stderr } = await runTaco(args, { cwd: folder.path, env });
	expect({ args, exitCode, stderr }).toMatchObject({ exitCode: 0 });
	return stdout;
}

test.skipIf(!isThere)("a machine in a team applies in its project, until it is out", async () => {
	const token = JSON.parse(await taco("token", "create", "deployer", "--service", "--json")).token;
	await taco("project", "create", "shop");
	await taco("unit", "create", "shop/web");
	await taco("unit", "settings", "shop/web", "--project", "shop");
	await taco("team", "create", "platform");
	await taco("team", "member", "add", "platform", "service:deployer");
	const files = {
		"main.tf": 'resource "terraform_data" "a" { input = "one" }\n',
		"backend.tf": httpBackend(server.url, "shop/web"),
	};
	const tf = await terraformProject(join(folder.path, "web"), files, httpCredentials(token));
	await tf.must("init", "-input=false");
	expect((await tf.run("plan", "-input=false")).exitCode).toBe(1);

	await taco("team", "access", "grant", "platform", "write", "--project", "shop");
	await tf.must("apply", "-input=false", "-auto-approve");

	await taco("team", "access", "grant", "platform", "read", "--project", "shop");
	expect(await tf.must("plan", "-input=false", "-lock=false")).toContain("No changes");
	expect((await tf.run("apply", "-input=false", "-auto-approve")).exitCode).toBe(1);
	await taco("team", "access", "grant", "platform", "write", "--project", "shop");
	await tf.must("apply", "-input=false", "-auto-approve");

	expect(await taco("team", "info", "platform")).toContain("write in project shop");
	await taco("team", "member", "rm", "platform", "service:deployer");
	expect((await tf.run("plan", "-input=false")).exitCode).toBe(1);
	await taco("team", "rm", "--yes", "platform");
	expect(JSON.parse(await taco("team", "access", "ls", "--json")).count).toBe(0);
});
