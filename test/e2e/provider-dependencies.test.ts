/** `opentaco_dependency` under the real terraform: live values, imports, and what is refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { failure, ProviderBench, shown } from "../support/provider-bench.ts";
import { adminToken } from "../support/server.ts";
import {
	httpBackend,
	httpCredentials,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { until } from "../support/until.ts";

const has = terraformOrSkip("dependencies as resources");
const longTimeoutMs = 120_000;
let bench: ProviderBench;

beforeAll(async () => {
	if (!has) return;
	bench = await ProviderBench.start();
	await bench.taco("unit", "create", "__opentaco_system");
});
afterAll(async () => {
	await bench?.[Symbol.asyncDispose]();
});

const edge = (name: string, more = "") => `
resource "opentaco_dependency" "${name}" {
  from_unit_id = "net"
  from_output  = "vpc_id"
  to_unit_id   = "app"
  ${more}
}
`;

/** A project of the system unit, with the credentials of its backend. */
async function systemProject(main: string): Promise<Project> {
	const tf = await bench.attached(main);
	await tf.write("backend.tf", httpBackend(bench.server.url, "__opentaco_system"));
	await tf.must("init", ...credentials());
	return tf;
}

function credentials(): string[] {
	const { TF_HTTP_USERNAME: name, TF_HTTP_PASSWORD: password } = httpCredentials(adminToken);
	return [`-backend-config=username=${name}`, `-backend-config=password=${password}`];
}

async function applyUnit(id: string, output: string): Promise<void> {
	const tf = await terraformProject(
		`${bench.folder.path}/unit-${id}-${output}`,
		{
			"backend.tf": httpBackend(bench.server.url, id),
			"main.tf": `output "vpc_id" { value = "${output}" }\n`,
		},
		httpCredentials(adminToken),
	);
	await tf.must("init");
	await tf.must("apply", "-auto-approve");
}

/** Without spaces, which Terraform writes and OpenTofu leaves out. */
async function systemState(): Promise<string> {
	const { stdout } = await bench.taco("unit", "pull", "__opentaco_system");
	return stdout.replaceAll(/\s/g, "");
}

describe.skipIf(!has)("opentaco_dependency", () => {
	test(
		"in another state than the system unit's is told to count nowhere",
		async () => {
			const tf = await bench.attached(edge("d"));
			expect(await tf.must("apply", "-auto-approve")).not.toContain("does not count");
			const plan = await tf.must("plan");
			expect(plan).toContain("The server does not count this edge");
			expect(plan).toContain("No changes");
		},
		longTimeoutMs,
	);

	test(
		"shows what the server knows, also while the state lies behind, without a change in the plan",
		async () => {
			await applyUnit("net", "one");
			await applyUnit("app", "app");
			const tf = await systemProject(edge("d"));
			await tf.must("apply", "-auto-approve");
			await until(async () => (await systemState()).includes('"status":"pending"'));
			const first = await shown(tf, "opentaco_dependency.d");
			expect(first).toMatchObject({ status: "pending", out_digest: null, last_out_at: null });
			expect(await tf.must("plan")).not.toContain("does not count");
			expect(first.last_in_at).toMatch(/^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

			// Under somebody's lock the server cannot write into the state, and the plan tells all the same.
			await bench.taco("unit", "lock", "__opentaco_system");
			await applyUnit("app", "again");
			const plan = await tf.run("plan", "-lock=false", "-detailed-exitcode");
			expect(plan).toMatchObject({ exitCode: 0, stderr: "" });
			expect(plan.stdout).toContain("No changes. Your infrastructure matches the configuration.");
			expect(await tf.must("plan", "-lock=false", "-refresh-only")).toContain('"pending" -> "ok"');
			expect(await systemState()).toContain('"status":"pending"');
			await bench.taco("unit", "unlock", "__opentaco_system");
			await until(async () => (await systemState()).includes('"status":"ok"'));
			expect(await tf.must("plan", "-refresh-only")).toContain("No changes");
			const ok = await shown(tf, "opentaco_dependency.d");
			expect(ok).toMatchObject({
				...{ status: "ok", in_digest: first.in_digest, out_digest: first.in_digest },
				last_in_at: first.last_in_at,
			});

			// Elsewhere the same edge is imported by its id, or by what it is between.
			const other = await bench.attached(edge("by_id") + edge("by_ends", 'to_input = "vpc"'));
			for (const [id, said] of [
				["3yZe7d", "The server knows no such edge"],
				["net,vpc_id", "Invalid import id"],
				["net,vpc id,app", "name of an output"],
			] as const) {
				const text = await failure(other, "import", "opentaco_dependency.by_id", id);
				expect(text).toContain(said);
			}
			await other.must("import", "opentaco_dependency.by_id", String(first.id));
			await other.must("import", "opentaco_dependency.by_ends", "net,vpc_id,app,vpc");
			expect(await shown(other, "opentaco_dependency.by_id")).toEqual(ok);
			expect(await shown(other, "opentaco_dependency.by_ends")).toMatchObject({
				...{ from_unit_id: "net", to_input: "vpc", status: "unknown", in_digest: null },
			});
			expect(await other.must("plan")).toContain("No changes");

			// Every attribute makes another edge; one that is gone is an edge no more.
			await tf.write("main.tf", bench.header() + edge("d", 'to_input = "vpc"'));
			expect(await tf.must("apply", "-auto-approve")).toContain("1 added, 0 changed, 1 destroyed");
			await tf.must("destroy", "-auto-approve");
			const { stdout } = await bench.taco("graph", "-o", "json");
			expect(JSON.parse(stdout).edges).toEqual([]);
		},
		longTimeoutMs,
	);

	test(
		"is refused at plan time when it can be no edge",
		async () => {
			const tf = await bench.attached(`
resource "opentaco_dependency" "d" {
  from_unit_id = "net"
  from_output  = "vpc id"
  to_unit_id   = "net"
  to_input     = "a\\nb"
}
`);
			const text = await failure(tf, "validate");
			for (const said of ["name of an output", "cannot depend on itself", "in one line"]) {
				expect(text).toContain(said);
			}
		},
		longTimeoutMs,
	);
});
