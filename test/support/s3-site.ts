/** A compiled server and what a user has after `taco creds setup --write`. */
import { join } from "node:path";
import { type Outcome, runTaco } from "./executable.ts";
import { type RunningServer, startServer } from "./server.ts";
import { type Project, terraformProject } from "./terraform.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./tmpdir.ts";

/** A small configuration with one number that a careless server would change. */
export const mainSource = `
variable "input" {
  default = "one"
}
resource "terraform_data" "example" {
  input = var.input
}
output "value" {
  value = terraform_data.example.output
}
output "large" {
  value = 123456789012345678901234567890
}
`;

/** A server, a folder, and an AWS profile that \`taco creds setup\` wrote. */
export interface Site extends AsyncDisposable {
	readonly folder: TemporaryDirectory;
	readonly server: RunningServer;
	/** Of every client: nothing but what a user has after \`taco creds setup --write\`. */
	readonly env: Record<string, string>;
	block(unit: string): Promise<string>;
	taco(...args: string[]): Promise<Outcome>;
	project(name: string, unit: string, source?: string): Promise<Project>;
}

/** Starts the server, over TLS with an authority of its own if wanted. */
export async function openSite(
	isTls = false,
	storage: Readonly<Record<string, string>> = {},
): Promise<Site> {
	const folder = await temporaryDirectory("e2e-s3");
	const caFile = join(folder.path, "taco-data", "__opentaco", "server", "tls", "ca.pem");
	const server = await startServer({
		cwd: folder.path,
		env: storage,
		...(isTls ? { scheme: "https", caFile, args: ["--tls-self-signed"] } : {}),
	});
	const config = join(folder.path, "aws-config");
	const env: Record<string, string> = {
		OPENTACO_SERVER: server.url,
		OPENTACO_TOKEN: server.token,
		AWS_CONFIG_FILE: config,
		AWS_SHARED_CREDENTIALS_FILE: join(folder.path, "no-credentials"),
		AWS_PROFILE: "opentaco-state-backend",
		XDG_CACHE_HOME: join(folder.path, "cache"),
		AWS_EC2_METADATA_DISABLED: "true",
		...(isTls ? { AWS_CA_BUNDLE: caFile, SSL_CERT_FILE: caFile, OPENTACO_CA_CERT: caFile } : {}),
	};
	const taco = (...args: string[]) => runTaco(args, { cwd: folder.path, env });
	const written = await taco("creds", "setup", "--write");
	if (written.exitCode !== 0) throw new Error(written.stderr);
	const block = async (unit: string) => {
		const { stdout } = await taco("creds", "setup", "--json", "--unit", unit);
		return (JSON.parse(stdout) as { backend: string }).backend;
	};
	return {
		folder,
		server,
		env,
		block,
		taco,
		async project(name, unit, source = mainSource) {
			return await terraformProject(
				join(folder.path, name),
				{ "backend.tf": await block(unit), "main.tf": source },
				env,
			);
		},
		async [Symbol.asyncDispose]() {
			await server[Symbol.asyncDispose]();
			await folder[Symbol.asyncDispose]();
		},
	};
}
