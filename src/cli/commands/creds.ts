import { stateKeyOfUnit } from "../../core/unit/unit-id.ts";
import {
	awsConfigPath,
	backendBlock,
	checkProfileName,
	defaultProfile,
	profileSections,
	writeProfile,
} from "../aws-profile.ts";
import { command } from "../command.ts";
import type { Cli } from "../context.ts";
import { usageError } from "../errors.ts";
import { readS3Cache, s3CachePath, writeS3Cache } from "../s3-credentials-cache.ts";

export default command({
	details:
		"Prints short-lived credentials as one JSON document, in the form that AWS clients take from\n`credential_process`; nothing else goes to stdout. They are kept in a private file until shortly\nbefore they end. `taco creds setup` prints a profile for AWS's config file and the backend block;\nwith --write it writes the profile there.",
	examples: [
		"taco creds --json",
		"taco creds setup --write",
		"taco creds setup --unit myapp/prod",
		"AWS_PROFILE=opentaco-state-backend terraform init",
	],
	args: {
		action: {
			type: "positional",
			required: false,
			description: "`setup`: print the profile and the backend block",
		},
		write: { type: "boolean", description: "With setup: write the profile into ~/.aws/config" },
		profile: {
			type: "string",
			valueHint: "NAME",
			description: `With setup: the profile's name (default ${defaultProfile})`,
		},
		unit: {
			type: "string",
			valueHint: "ID",
			description: "With setup: the unit of the backend block",
		},
		fresh: { type: "boolean", description: "Ask the server, whatever was kept" },
	},
	async run(cli, args) {
		if (args.action === "setup") {
			await setUp(cli, args);
			return;
		}
		if (args.action !== undefined) {
			throw usageError("the only word after taco creds is setup", "see taco creds --help");
		}
		if (args.write === true || args.profile !== undefined || args.unit !== undefined) {
			throw usageError("--write, --profile and --unit belong to taco creds setup");
		}
		await print(cli, args.fresh === true);
	},
});

/** One line: the program is run by others for its stdout. */
async function print(cli: Cli, isFresh: boolean): Promise<void> {
	const { url } = await cli.server();
	const token = await cli.token();
	const path = s3CachePath(cli.io.env, url, token?.value ?? null);
	let credentials = isFresh ? null : await readS3Cache(path, Date.now());
	if (credentials === null) {
		const client = await cli.client();
		credentials = await client.issueS3Credentials({ signal: cli.signal });
		await writeS3Cache(cli.io.env, path, credentials);
	}
	await cli.output.text(`${JSON.stringify(credentials)}\n`);
}

async function setUp(
	cli: Cli,
	args: {
		readonly write?: boolean | undefined;
		readonly profile?: string | undefined;
		readonly unit?: string | undefined;
	},
): Promise<void> {
	const { url } = await cli.server();
	const profile = checkProfileName(args.profile ?? defaultProfile);
	const input = { profile, serverUrl: url, bucket: cli.organization ?? "opentaco" };
	const key = stateKeyOfUnit(args.unit ?? "myapp/prod");
	const sections = profileSections(input);
	const block = backendBlock(input, key);
	const written = args.write === true ? await writeProfile(cli.io.env, input) : null;
	if (cli.output.json) {
		await cli.output.document({
			profile,
			aws_config: sections,
			backend: block,
			...(written === null ? {} : { written_to: written }),
		});
		return;
	}
	if (written === null) {
		await cli.output.note(`For ${awsConfigPath(cli.io.env)} (or run this again with --write):`);
		await cli.output.text(`${sections}\n`);
	} else {
		await cli.output.note(`Wrote the profile ${profile} to ${written}.`);
	}
	await cli.output.note("The backend block for Terraform and OpenTofu:");
	await cli.output.text(block);
}
