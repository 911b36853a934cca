/** Two servers that know nothing of each other, on one S3 bucket, under load and the real client. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runTaco } from "../support/executable.ts";
import { type FakeS3Process, startFakeS3Process } from "../support/fake-s3/process.ts";
import { radosgwAvailable, startRadosgw } from "../support/radosgw.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import {
	httpBackend,
	httpCredentials,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";

const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };

interface Bucket {
	readonly endpoint: string;
	readonly region: string;
	readonly bucket: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	stop(): Promise<void>;
}

const kinds: readonly { name: string; isThere: boolean; start: () => Promise<Bucket> }[] = [
	{ name: "the strict fake", isThere: true, start: startFakeS3Process },
	{
		name: "Ceph radosgw",
		isThere: radosgwAvailable(),
		async start() {
			const ceph = await startRadosgw();
			return { ...ceph, ...ceph.credentials };
		},
	},
];

function serverEnvironment(s3: Bucket): Record<string, string> {
	return {
		OPENTACO_S3_BUCKET: s3.bucket,
		OPENTACO_S3_REGION: s3.region,
		OPENTACO_S3_PREFIX: "team a/states",
		OPENTACO_S3_ENDPOINT: s3.endpoint,
		AWS_ACCESS_KEY_ID: s3.accessKeyId,
		AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
	};
}

const lockInfo = (id: string) =>
	JSON.stringify({ ID: id, Operation: "OperationTypeApply", Who: `${id}@host`, Version: "1.11.4" });

for (const kind of kinds) {
	if (!kind.isThere) {
		process.stderr.write(`\nSKIPPED: two servers on ${kind.name}: it is not installed here\n`);
	}
	describe.skipIf(!kind.isThere)(`two servers on ${kind.name}`, () => {
		let folder: TemporaryDirectory;
		let s3: Bucket;
		let servers: [RunningServer, RunningServer];

		beforeAll(async () => {
			folder = await temporaryDirectory("two");
			s3 = await kind.start();
			const env = serverEnvironment(s3);
			servers = [
				await startServer({ cwd: folder.path, env }),
				await startServer({ cwd: folder.path, env }),
			];
		}, 120_000);

		afterAll(async () => {
			for (const server of servers ?? []) await server.kill();
			await s3?.stop();
			await folder?.remove();
		});

		test("of 200 concurrent lockers exactly one wins, round after round", async () => {
			for (let round = 0; round < 3; round++) {
				const statuses = await Promise.all(
					Array.from({ length: 200 }, async (_, i) => {
						const server = servers[i % 2] as RunningServer;
						const response = await fetch(`${server.url}/v1/backend/contended/app`, {
							method: "LOCK",
							headers,
							body: lockInfo(`r${round}-${i}`),
						});
						await response.arrayBuffer();
						return { i, status: response.status };
					}),
				);
				const winners = statuses.filter(({ status }) => status === 200);
				expect(winners).toHaveLength(1);
				expect(statuses.filter(({ status }) => status === 423)).toHaveLength(199);
				const unlock = await fetch(`${servers[0].url}/v1/backend/contended/app`, {
					method: "UNLOCK",
					headers,
					body: lockInfo(`r${round}-${winners[0]?.i}`),
				});
				expect(unlock.status).toBe(200);
			}
		}, 120_000);

		test("what one acknowledges the other serves at once, in turns", async () => {
			for (let serial = 1; serial <= 20; serial++) {
				const [writer, reader] = serial % 2 === 0 ? servers : [servers[1], servers[0]];
				const body = JSON.stringify({ version: 4, serial, lineage: "turns", outputs: {} });
				const url = (server: RunningServer) => `${server.url}/v1/backend/turns/app`;
				const written = await fetch(url(writer), { method: "POST", headers, body });
				expect(written.status).toBe(200);
				expect(await (await fetch(url(reader), { headers })).text()).toBe(body);
			}
			const versions = await fetch(`${servers[0].url}/v1/units/turns__app/versions`, { headers });
			expect(await versions.json()).toMatchObject({ count: 20 });
		});

		test("increments by concurrent writers with the serial as their fence: none is lost", async () => {
			const url = (server: RunningServer) => `${server.url}/v1/backend/counter/app`;
			let acked = 0;
			const writer = async (server: RunningServer) => {
				for (let done = 0; done < 5; ) {
					const current = await fetch(url(server), { headers });
					const before =
						current.status === 200 ? JSON.parse(await current.text()) : { serial: 0, n: 0 };
					const next = {
						version: 4,
						serial: before.serial + 1,
						lineage: "counter",
						n: before.n + 1,
						w: crypto.randomUUID(),
					};
					const response = await fetch(url(server), {
						method: "POST",
						headers,
						body: JSON.stringify(next),
					});
					await response.arrayBuffer();
					if (response.status === 200) {
						acked++;
						done++;
					} else expect([409, 503]).toContain(response.status);
				}
			};
			await Promise.all([...servers, ...servers, ...servers].map(writer));
			const final = JSON.parse(await (await fetch(url(servers[0]), { headers })).text());
			expect(acked).toBe(30);
			expect(final.n).toBe(30);
		}, 120_000);

		test.skipIf(!terraformOrSkip("two servers under the real client"))(
			"an apply at one is locked out by an apply at the other",
			async () => {
				const gate = `
resource "terraform_data" "gate" {
  triggers_replace = timestamp()
  provisioner "local-exec" {
    command = "touch waiting; while [ ! -e go ]; do sleep 0.1; done"
  }
}
`;
				const path = (name: string) => join(folder.path, `tf-${name}`);
				const project = (server: RunningServer, name: string, source: string) =>
					terraformProject(
						path(name),
						{ "backend.tf": httpBackend(server.url, "shared/app"), "main.tf": source },
						httpCredentials(adminToken),
					);
				const one = await project(servers[0], "one", gate);
				const two = await project(servers[1], "two", 'output "x" {\n  value = 1\n}\n');
				await one.must("init");
				await two.must("init");
				const applying = one.start("apply", "-auto-approve");
				while (!existsSync(join(one.path, "waiting"))) await Bun.sleep(20);
				const refused = await two.run("apply", "-auto-approve");
				expect(refused.exitCode).toBe(1);
				expect(refused.stderr).toContain("held by");
				await one.write("go", "");
				expect((await applying.outcome).exitCode).toBe(0);
				await two.must("apply", "-auto-approve");
			},
		);

		test("the bucket is whole afterwards, and readable without us", async () => {
			for (const server of servers) expect(await server.stop()).toBe(0);
			const env = serverEnvironment(s3);
			const examined = await runTaco(["doctor", "--deep", "--json"], { cwd: folder.path, env });
			expect(examined.exitCode).toBe(0);
			const { findings, units } = JSON.parse(examined.stdout);
			expect(units).toBeGreaterThanOrEqual(3);
			expect(findings.filter((f: { code: string }) => f.code !== "orphan")).toEqual([]);
		});
	});
}

test("a store that does not honour conditional writes is refused, with the reason", async () => {
	await using folder = await temporaryDirectory("refused");
	const s3: FakeS3Process = await startFakeS3Process();
	try {
		await s3.setRules({ ignoreConditions: true });
		const outcome = await runTaco(["serve", "--port", "0"], {
			cwd: folder.path,
			env: { ...serverEnvironment(s3), OPENTACO_ADMIN_TOKEN: adminToken },
		});
		expect(outcome.exitCode).toBe(6);
		expect(outcome.stderr).toMatch(/conditional|if-none-match|only if/i);
		expect(outcome.stderr).not.toContain(s3.secretAccessKey);
	} finally {
		await s3.stop();
	}
});
