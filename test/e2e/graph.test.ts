/** Dependencies between units under the real terraform: declared, and discovered on every surface. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { runTaco } from "../support/executable.ts";
import { dependency, stateText } from "../support/graph-states.ts";
import { ProviderBench } from "../support/provider-bench.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import {
	httpBackend,
	httpCredentials,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";

const has = terraformOrSkip("dependencies between units");
const longTimeoutMs = 180_000;
const examples = resolve(import.meta.dir, "../../examples/dependencies");

type Statuses = Record<string, string>;

/** Statuses by unit, without the system unit. */
function statusesIn(json: string): Statuses {
	const { units } = JSON.parse(json) as { units: { unit_id: string; status: string }[] };
	return Object.fromEntries(
		units
			.filter(({ unit_id }) => !unit_id.startsWith("__"))
			.map(({ unit_id, status }) => [unit_id, status]),
	);
}

describe.skipIf(!has)("examples/dependencies", () => {
	let bench: ProviderBench;
	const projects: Record<string, Project> = {};
	const example = (name: string): Project => projects[name] as Project;
	const env = { ...httpCredentials(adminToken), OPENTACO_TOKEN: adminToken };

	beforeAll(async () => {
		bench = await ProviderBench.start();
		for (const name of ["graph", "a", "b", "c"]) {
			const tf = await bench.installed({}, env);
			await cp(join(examples, name), tf.path, { recursive: true });
			const main = await readFile(join(tf.path, "main.tf"), "utf8");
			await tf.write("main.tf", main.replaceAll("http://localhost:8080", bench.server.url));
			projects[name] = tf;
		}
		await bench.taco("unit", "create", "__opentaco_system");
	}, longTimeoutMs);
	afterAll(async () => {
		await bench?.[Symbol.asyncDispose]();
	});

	const status = async () =>
		statusesIn((await bench.taco("unit", "status", "--prefix", "example/", "--json")).stdout);
	const gate = async () =>
		(await bench.taco("unit", "status", "--prefix", "example/", "--exit-code")).exitCode;
	const applyC = async () => {
		const service = await example("b").must("output", "-raw", "service");
		await example("c").must("apply", "-auto-approve", "-var", `service=${service}`);
	};

	test(
		"turns red, yellow and green as its page tells",
		async () => {
			for (const name of ["graph", "a", "b", "c"]) await example(name).must("init");
			for (const name of ["graph", "a", "b"]) await example(name).must("apply", "-auto-approve");
			await applyC();
			const done = { "example/a": "green", "example/b": "green", "example/c": "green" };
			expect(await status()).toEqual(done);
			expect(await gate()).toBe(0);

			await example("a").must("apply", "-auto-approve");
			expect(await status()).toEqual({ ...done, "example/b": "red", "example/c": "yellow" });
			expect(await gate()).toBe(9);
			const { stdout } = await bench.taco("unit", "status", "--prefix", "example/");
			expect(stdout).toContain("example/b  needs re-apply");
			expect(stdout).toContain("example/c  might need re-apply           example/b");
			const order = await bench.taco("graph", "order", "--stale", "--json");
			expect(JSON.parse(order.stdout).units).toMatchObject([
				{ unit_id: "example/b", wave: 1 },
				{ unit_id: "example/c", wave: 2 },
			]);

			await example("b").must("apply", "-auto-approve");
			expect(await status()).toEqual({ ...done, "example/c": "red" });
			await applyC();
			expect(await status()).toEqual(done);
			expect(await gate()).toBe(0);
			expect(await example("graph").must("plan")).toContain("No changes");
		},
		longTimeoutMs,
	);

	test(
		"stays red after a plan, after surgery and after an apply that is refused",
		async () => {
			await example("a").must("apply", "-auto-approve");
			await example("b").must("plan");
			await example("b").must("taint", "terraform_data.service");
			await example("b").must("untaint", "terraform_data.service");
			await example("b").must("state", "mv", "terraform_data.service", "terraform_data.other");
			await example("b").must("state", "mv", "terraform_data.other", "terraform_data.service");
			expect((await status())["example/b"]).toBe("red");
			await example("b").must("apply", "-auto-approve");
			expect((await status())["example/b"]).toBe("green");
		},
		longTimeoutMs,
	);
});

const upstream = `
variable "value" {
  default = "one"
}
output "value" {
  value     = { list = [var.value], number = 12345678901234567890 }
  sensitive = true
}
output "still" {
  value = "the same"
}
`;

function downstream(backend: string, config: string, workspace = ""): string {
	return `
data "terraform_remote_state" "up" {
  backend = "${backend}"
  ${workspace}
  config = {
    ${config}
  }
}
resource "terraform_data" "use" {
  input = data.terraform_remote_state.up.outputs.still
}
`;
}

interface Row {
	readonly name: string;
	/** The upstream's backend block, its workspace, and how it is read. */
	backend(host: string): string;
	reading(host: string): string;
	readonly workspace?: string;
	readonly unit: string;
}

const s3Settings = (endpoint: string) => `
    bucket                      = "opentaco"
    key                         = "up/s3.tfstate"
    region                      = "auto"
    endpoints                   = { s3 = "${endpoint}/s3" }
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
`;

const rows: readonly Row[] = [
	{
		name: "http",
		backend: (url) => httpBackend(url, "up/http"),
		reading: (url) => downstream("http", `address = "${url}/v1/backend/up%2Fhttp"`),
		unit: "up/http",
	},
	{
		name: "s3, in a workspace",
		backend: (url) =>
			`terraform {\n  backend "s3" {${s3Settings(url)}\n    use_lockfile = true\n  }\n}`,
		reading: (url) => downstream("s3", s3Settings(url), 'workspace = "blue"'),
		workspace: "blue",
		unit: "env_.3A/blue/up/s3.tfstate_.k",
	},
	{
		name: "cloud",
		backend: (url) => {
			const host = new URL(url).host;
			return `terraform {\n  cloud {\n    hostname = "${host}"\n    organization = "default"\n    workspaces {\n      name = "up__cloud"\n    }\n  }\n}`;
		},
		reading: (url) =>
			downstream(
				"remote",
				`hostname = "${new URL(url).host}"\n organization = "default"\n workspaces = { name = "up__cloud" }`,
			),
		unit: "up/cloud",
	},
];

describe.skipIf(!has)("terraform_remote_state alone", () => {
	for (const [index, row] of rows.entries()) {
		test(
			`over ${row.name} makes an edge that turns red and green again`,
			async () => {
				await using folder = await temporaryDirectory("graph-e2e");
				const caFile = join(folder.path, "taco-data/__opentaco/server/tls/ca.pem");
				await using server = await startServer({
					cwd: folder.path,
					args: ["--tls-self-signed"],
					scheme: "https",
					caFile,
				});
				const base = {
					OPENTACO_SERVER: server.url,
					OPENTACO_TOKEN: adminToken,
					SSL_CERT_FILE: caFile,
				};
				const taco = (...args: string[]) => runTaco(args, { cwd: folder.path, env: base });
				const issued = JSON.parse((await taco("creds", "--json")).stdout);
				const env = {
					...base,
					...httpCredentials(adminToken),
					TF_TOKEN_localhost: adminToken,
					[`TF_TOKEN_localhost:${server.port}`]: adminToken,
					AWS_ACCESS_KEY_ID: issued.AccessKeyId,
					AWS_SECRET_ACCESS_KEY: issued.SecretAccessKey,
					AWS_SESSION_TOKEN: issued.SessionToken,
					AWS_CA_BUNDLE: caFile,
				};
				const file = { "backend.tf": row.backend(server.url), "main.tf": upstream };
				const up = await terraformProject(join(folder.path, "up"), file, env);
				await up.must("init");
				if (row.workspace !== undefined) await up.must("workspace", "new", row.workspace);
				await up.must("apply", "-auto-approve");
				const downFiles = {
					"backend.tf": httpBackend(server.url, `down/${index}`),
					"main.tf": row.reading(server.url),
				};
				const down = await terraformProject(join(folder.path, "down"), downFiles, env);
				await down.must("init");
				await down.must("apply", "-auto-approve");
				const status = async () =>
					JSON.parse((await taco("unit", "status", `down/${index}`, "--json")).stdout);
				expect(await status()).toMatchObject({
					status: "green",
					external: 0,
					incoming: [
						{ from_unit_id: row.unit, from_output: "still", sources: ["recorded"] },
						{ from_unit_id: row.unit, from_output: "value", sources: ["recorded"] },
					],
				});
				await up.must("apply", "-auto-approve", "-var", "value=two");
				const red = await status();
				expect(red).toMatchObject({
					status: "red",
					reasons: [{ code: "output_changed", unit_id: row.unit, output: "value" }],
					summary: { incoming_ok: 1, incoming_pending: 1, incoming_unknown: 0 },
				});
				expect(JSON.stringify(red)).not.toContain("two");
				await down.must("apply", "-auto-approve");
				expect((await status()).status).toBe("green");
			},
			longTimeoutMs,
		);
	}
});

test(
	"what one server applies is used and seen at another at once",
	async () => {
		await using folder = await temporaryDirectory("graph-two");
		await using one = await startServer({ cwd: folder.path });
		await using two = await startServer({ cwd: folder.path });
		const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
		const send = async (server: RunningServer, method: string, path: string, body?: string) => {
			const init = body === undefined ? { method, headers } : { method, headers, body };
			const response = await fetch(`${server.url}${path}`, init);
			const text = await response.text();
			if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
			return text;
		};
		let serial = 0;
		const apply = async (server: RunningServer, unit: string, value: number) => {
			const lock = JSON.stringify({ ID: `l${++serial}`, Operation: "OperationTypeApply" });
			await send(server, "LOCK", `/v1/backend/${unit}`, lock);
			const state = stateText(serial, unit, { outputs: { t: value } });
			await send(server, "POST", `/v1/backend/${unit}?ID=l${serial}`, state);
			await send(server, "UNLOCK", `/v1/backend/${unit}`, lock);
		};
		const colours = async (server: RunningServer) => {
			const status = async (unit: string) =>
				JSON.parse(await send(server, "GET", `/v1/units/${unit}/status`)).status;
			return [await status("a"), await status("b"), await status("c")];
		};
		await send(one, "POST", "/v1/units", '{"id":"__opentaco_system"}');
		const resources = [dependency("ab", "a", "t", "b"), dependency("bc", "b", "t", "c")];
		await send(one, "POST", "/v1/backend/__opentaco_system", stateText(1, "s", { resources }));
		for (const unit of ["a", "b", "c"]) await apply(one, unit, 0);
		while (JSON.parse(await send(two, "GET", "/v1/graph")).edges.length < 2) await Bun.sleep(50);
		for (let value = 1; value < 6; value++) {
			await apply(one, "a", value);
			expect((await colours(two)).slice(0, 2)).toEqual(["green", "red"]);
			await apply(two, "b", value);
			expect((await colours(one)).slice(0, 2)).toEqual(["green", "green"]);
			expect((await colours(one))[2]).toBe("red");
			await apply(one, "c", value);
			expect(await colours(two)).toEqual(["green", "green", "green"]);
		}
	},
	longTimeoutMs,
);
