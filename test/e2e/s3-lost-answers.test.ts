/** Terraform and OpenTofu over the S3 endpoint, through a proxy that loses answers. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { mainSource, openSite } from "../support/s3-site.ts";
import { terraformProject } from "../support/terraform.ts";

/**
 * Loses the first answer to every change, and does to requests what load balancers do: it adds
 * headers and replaces Accept-Encoding.
 */
function openProxy(serverUrl: string) {
	const changed = new Set<string>();
	const server = Bun.serve({
		port: 0,
		hostname: "localhost",
		async fetch(request) {
			const target = request.url.slice(request.url.indexOf("/", "http://".length));
			const headers = new Headers(request.headers);
			headers.set("accept-encoding", "gzip, br");
			headers.set("via", "1.1 proxy");
			headers.set("x-forwarded-proto", "http");
			headers.set("x-amzn-trace-id", "Root=1-67891233-abcdef012345678912345678");
			const body = await request.arrayBuffer();
			const answer = await fetch(`${serverUrl}${target}`, {
				method: request.method,
				headers,
				...(body.byteLength === 0 ? {} : { body }),
				decompress: false,
			});
			if (request.method === "HEAD") return answer;
			const content = await answer.arrayBuffer();
			const name = `${request.method} ${target}`;
			if (request.method !== "GET" && !changed.has(name)) {
				changed.add(name);
				return new Response(null, { status: 503 });
			}
			return new Response(content, { status: answer.status, headers: answer.headers });
		},
	});
	return { url: `http://localhost:${server.port}`, changed, stop: () => server.stop(true) };
}

for (const name of ["terraform", "tofu"]) {
	const client = Bun.which(name);
	if (client === null) {
		process.stderr.write(`\nSKIPPED: lost answers of the S3 endpoint: ${name} is not on PATH\n`);
	}
	describe.skipIf(client === null)(name, () => {
		test("small and large states, each lock and state written once", async () => {
			await using site = await openSite();
			const proxy = openProxy(site.server.url);
			try {
				const block = await site.block("app");
				const tf = await terraformProject(
					join(site.folder.path, "tf"),
					{
						"backend.tf": block.replace(`${site.server.url}/s3`, `${proxy.url}/s3`),
						"main.tf": mainSource,
					},
					site.env,
					client,
				);
				await tf.must("init");
				await tf.must("apply", "-auto-approve");
				await tf.write("large.txt", "0123456789abcdef".repeat(400_000));
				await tf.write(
					"large.tf",
					'resource "terraform_data" "big" {\n  input = file("large.txt")\n}\n',
				);
				await tf.must("apply", "-auto-approve", "-var=input=two");
				expect(await tf.must("output", "-raw", "value")).toBe("two");
				const written = await site.taco("unit", "versions", "app", "--json");
				expect(JSON.parse(written.stdout).versions).toHaveLength(2);
				expect((await site.taco("unit", "who")).stdout).not.toContain("app");
				const lock = "/s3/opentaco/app/terraform.tfstate.tflock";
				expect(proxy.changed).toContain(`PUT ${lock}?x-id=PutObject`);
				expect(proxy.changed).toContain(`DELETE ${lock}?x-id=DeleteObject`);
			} finally {
				await proxy.stop();
			}
		}, 120_000);

		test("a lock that is held is refused in words, and a workspace comes and goes", async () => {
			await using site = await openSite(true);
			const tf = await terraformProject(
				join(site.folder.path, "tf"),
				{ "backend.tf": await site.block("app"), "main.tf": mainSource },
				site.env,
				client,
			);
			await tf.must("init");
			await tf.must("apply", "-auto-approve");
			await tf.must("workspace", "new", "dev");
			await tf.must("apply", "-auto-approve");
			await tf.must("workspace", "select", "default");
			await tf.must("workspace", "delete", "-force", "dev");
			expect(await tf.must("workspace", "list")).not.toContain("dev");
			expect((await site.taco("unit", "lock", "app")).exitCode).toBe(0);
			const refused = await tf.run("apply", "-auto-approve");
			expect(refused.exitCode).toBe(1);
			expect(refused.stderr).toContain("PreconditionFailed");
			expect(refused.stderr).toContain("over the management API");
		}, 60_000);
	});
}
