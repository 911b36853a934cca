/** `taco doctor`: opens the store as `taco serve` would and examines it. Writes nothing unless asked. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { examine } from "../core/doctor/doctor.ts";
import { type Examination, type Finding, finding, together } from "../core/doctor/finding.ts";
import { isDomainError } from "../core/errors.ts";
import { organizationsPrefix } from "../core/organization/organization.ts";
import { StoreError } from "../core/ports/blob-store.ts";
import { readServerConfig, type ServerConfig } from "./config.ts";
import { openForDoctor } from "./deps.ts";
import { systemClock, systemRandom } from "./machine.ts";
import { ConfigError } from "./setting-values.ts";

export interface DoctorIo {
	out(line: string): void;
	err(line: string): void;
	readonly json: boolean;
}

/** As in src/cli/exit-codes.ts. */
const exit = { healthy: 0, errorsFound: 1, usage: 2, unavailable: 6 } as const;

const help = `Usage: taco doctor [flags]

Checks a bucket or folder against the invariants: every unit's records, versions and plain copies,
in every organization.
Works beside running servers, or without one. Reads only, unless --repair is given.

Flags:
  --deep           hash every version's content, not only the current ones
  --repair         bring plain copies up to date and finish adoptions; changes nothing else
  --prefix <text>  only units whose id starts with this
  --json           one JSON document
  --storage, --data-dir, --s3-bucket, --s3-prefix, --s3-region, --s3-endpoint, --s3-force-path-style
                   where the data is, as for \`taco serve\`; the same variables are read

Exit codes: 0 no errors found, 1 errors found, 2 usage, 6 the store cannot be read`;

interface DoctorArguments {
	readonly isDeep: boolean;
	readonly isRepairing: boolean;
	readonly prefix: string;
	readonly config: ServerConfig;
}

/** Runs the examination and prints it. Gives the exit code. */
export async function doctor(argv: readonly string[], io: DoctorIo): Promise<number> {
	if (argv.includes("--help") || argv.includes("-h")) {
		io.out(help);
		return exit.healthy;
	}
	try {
		const given = readArguments(argv);
		const { storage } = given.config;
		if (storage.kind === "memory") {
			throw new ConfigError("memory has nothing to examine; give --data-dir or --s3-bucket");
		}
		if (storage.kind === "filesystem" && !existsSync(storage.directory)) {
			return unavailable(
				io,
				`there is no data folder at ${resolve(storage.directory)}`,
				"name the server's folder with --data-dir, or its bucket with --s3-bucket",
			);
		}
		const examination = await run(given, io);
		print(examination, io);
		return examination.findings.some((f) => f.severity === "error")
			? exit.errorsFound
			: exit.healthy;
	} catch (error) {
		if (error instanceof ConfigError) return refuse(io, error);
		if (error instanceof StoreError)
			return unavailable(io, "the store cannot be read", error.message);
		if (isDomainError(error)) return unavailable(io, error.message, error.hint);
		throw error;
	}
}

function readArguments(argv: readonly string[]): DoctorArguments {
	const rest: string[] = [];
	let [isDeep, isRepairing, prefix] = [false, false, ""];
	for (let i = 0; i < argv.length; i++) {
		const word = argv[i] ?? "";
		if (word === "--deep") isDeep = true;
		else if (word === "--repair") isRepairing = true;
		else if (word.startsWith("--prefix=")) prefix = word.slice("--prefix=".length);
		else if (word === "--prefix") prefix = argv[++i] ?? "";
		else rest.push(word);
	}
	return { isDeep, isRepairing, prefix, config: readServerConfig(rest) };
}

async function run(given: DoctorArguments, io: DoctorIo): Promise<Examination> {
	const log = {
		write(level: string, message: string) {
			if (level === "warn" || level === "error") io.err(message);
		},
	};
	const opened = await openForDoctor(given.config, {
		clock: systemClock,
		random: systemRandom,
		log,
		showToken: null,
	});
	let toldAt = systemClock.monotonic();
	try {
		const parts: { organization: string | null; found: Examination }[] = [];
		await opened.organizations.forEach(async ({ organization, core, store }) => {
			const { name, isDefault } = organization;
			const of = isDefault ? "" : ` of the organization ${name}`;
			const found = await examine(
				{ store, ...core.parts },
				{
					prefix: given.prefix,
					isDeep: given.isDeep,
					isRepairing: given.isRepairing,
					onProgress(done, total) {
						if (systemClock.monotonic() - toldAt < 1000) return;
						toldAt = systemClock.monotonic();
						io.err(`${done} of ${total} units${of} examined`);
					},
				},
			);
			parts.push({ organization: isDefault ? null : name, found });
		});
		const forgotten = (await opened.organizations.forgotten()).map((key) =>
			finding("forgotten", `${organizationsPrefix}${key}/`, "a deleted organization holds units"),
		);
		const all = together(parts);
		return { ...all, findings: [...all.findings, ...forgotten] };
	} finally {
		await opened.close();
	}
}

function print(examination: Examination, io: DoctorIo): void {
	if (io.json) {
		io.out(JSON.stringify(examination));
		return;
	}
	const where = (f: Finding) =>
		f.organization === undefined ? f.subject : `${f.organization}: ${f.subject}`;
	const line = (f: Finding) => `${f.severity.padEnd(8)}${where(f)}: ${f.message}`;
	for (const f of examination.repaired) io.out(`repaired ${line(f)}`);
	const order = { error: 0, warning: 1, info: 2 } as const;
	const sorted = [...examination.findings].sort((a, b) => order[a.severity] - order[b.severity]);
	for (const f of sorted) io.out(line(f));
	const count = (severity: Finding["severity"]) =>
		examination.findings.filter((f) => f.severity === severity).length;
	io.out(
		`${examination.units} units (and ${examination.plainUnits} plain states not yet adopted), ` +
			`${examination.records} records, ${examination.versions} versions, ` +
			`${examination.bodiesVerified} contents verified: ` +
			`${count("error")} errors, ${count("warning")} warnings`,
	);
}

function refuse(io: DoctorIo, error: ConfigError): number {
	if (io.json) {
		io.err(
			JSON.stringify({ error: "usage", message: error.message, hint: "see `taco doctor --help`" }),
		);
	} else io.err(`error: ${error.message.replaceAll("taco serve", "taco doctor")}`);
	return exit.usage;
}

function unavailable(io: DoctorIo, message: string, hint: string): number {
	if (io.json) io.err(JSON.stringify({ error: "storage_unavailable", message, hint }));
	else io.err(hint === "" ? `error: ${message}` : `error: ${message}\nhint: ${hint}`);
	return exit.unavailable;
}
