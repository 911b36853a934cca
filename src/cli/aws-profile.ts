/** The AWS profile that gets its credentials from this program, and the block that goes with it. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { variable } from "../client/credentials/environment.ts";
import { fileError } from "../client/credentials/local-file-error.ts";
import { makePrivateFolder, writePrivateFile } from "../client/credentials/private-file.ts";
import { CliError } from "./errors.ts";

type Env = Readonly<Record<string, string | undefined>>;

export const defaultProfile = "opentaco-state-backend";

export interface ProfileInput {
	/** The organization's; `opentaco` is the default one's. */
	readonly bucket: string;
	readonly profile: string;
	readonly serverUrl: string;
}

/** `~/.aws/config`, or what AWS_CONFIG_FILE names. */
export function awsConfigPath(env: Env): string {
	return (
		variable(env, "AWS_CONFIG_FILE") ?? join(variable(env, "HOME") ?? homedir(), ".aws", "config")
	);
}

/** How the program is called by others: by its full path when it is the executable. */
function program(): string {
	const path = process.execPath;
	if (!/^taco(\.exe)?$/i.test(basename(path))) return "taco";
	return /\s/.test(path) ? `"${path}"` : path;
}

/** The sections, as they stand in AWS's config file. */
export function profileSections({ profile, serverUrl }: ProfileInput): string {
	return `[profile ${profile}]
credential_process = ${program()} creds --json --server ${serverUrl}
region = auto
services = ${profile}

[services ${profile}]
s3 =
  endpoint_url = ${serverUrl}/s3
  addressing_style = path
`;
}

/** The backend block for Terraform and OpenTofu. */
export function backendBlock({ bucket, profile, serverUrl }: ProfileInput, key: string): string {
	return `terraform {
  backend "s3" {
    bucket  = ${JSON.stringify(bucket)}
    key     = ${JSON.stringify(key)}
    region  = "auto"
    profile = ${JSON.stringify(profile)}

    endpoints      = { s3 = ${JSON.stringify(`${serverUrl}/s3`)} }
    use_path_style = true
    use_lockfile   = true

    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
  }
}
`;
}

/**
 * The file's text with our two sections in it: in the place of those of the same names, or at the
 * end. Everything else stays as it is.
 */
export function withProfile(text: string, input: ProfileInput): string {
	const ours = new Set([`profile ${input.profile}`, `services ${input.profile}`]);
	const kept: string[] = [];
	let isOurs = false;
	for (const line of text.split(/(?<=\n)/)) {
		const name = /^\s*\[([^\]]*)\]/.exec(line)?.[1];
		if (name !== undefined) isOurs = ours.has(name.trim().replace(/\s+/g, " "));
		if (!isOurs) kept.push(line);
	}
	const rest = kept.join("").replace(/\n*$/, "");
	return `${rest === "" ? "" : `${rest}\n\n`}${profileSections(input)}`;
}

/** Writes the profile into AWS's config file. Gives the path. @throws CliError `file_failed`. */
export async function writeProfile(env: Env, input: ProfileInput): Promise<string> {
	const path = awsConfigPath(env);
	let text = "";
	try {
		text = await readFile(path, "utf8");
	} catch (error) {
		if ((error as { code?: unknown }).code !== "ENOENT") throw fileError("read", path, error);
	}
	await makePrivateFolder(dirname(path));
	await writePrivateFile(path, [Buffer.from(withProfile(text, input))]);
	return path;
}

/** @throws CliError `usage` for a name that would break the file. */
export function checkProfileName(name: string): string {
	if (/^[A-Za-z0-9._-]{1,64}$/.test(name)) return name;
	throw new CliError(
		"usage",
		"a profile's name has letters, digits, dots, dashes and underscores",
		`leave --profile out for ${defaultProfile}`,
	);
}
