import type { OutputView, UnitOutputs } from "../../../api/outputs.ts";
import { isRawNumber } from "../../../lib/raw-json.ts";
import { safeText } from "../../../lib/safe-text.ts";
import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { hclText } from "../../hcl.ts";
import type { Output } from "../../output.ts";
import { unitArgument, unitOf, versionOf } from "./unit-arguments.ts";

export default command({
	details:
		"Shows what terraform output shows, without Terraform and without reading the state; only the\noutputs that you may read. Sensitive ones are hidden in the list and shown when they are named.\n--json prints what terraform output -json prints.",
	examples: [
		"taco unit output network/prod",
		"taco unit output network/prod vpc_id --raw",
		"taco unit output network/prod --json | jq -r .vpc_id.value",
	],
	args: {
		unit: unitArgument,
		name: { type: "positional", required: false, description: "Only this output" },
		raw: {
			type: "boolean",
			description: "The named output as plain text: no quotes, no line end",
		},
		"show-sensitive": { type: "boolean", description: "Show sensitive values in the list" },
		version: {
			type: "string",
			valueHint: "NUMBER",
			description: "Not of the current state but of this version",
		},
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const { name } = args;
		const isRaw = args.raw === true;
		if (isRaw && name === undefined) throw usageError("--raw goes with the name of one output");
		if (isRaw && cli.output.json) throw usageError("--raw and --json exclude each other");
		const version = args.version === undefined ? undefined : versionOf(args.version, "--version");
		const names = name === undefined ? [] : [name];
		const found = await (await cli.client()).outputs(id, { names, version, signal: cli.signal });
		if (name === undefined) {
			await list(cli.output, found, args["show-sensitive"] === true);
			return;
		}
		const output = Object.hasOwn(found.outputs, name) ? found.outputs[name] : undefined;
		if (output === undefined) throw usageError("the server gave another output than the one named");
		if (cli.output.json) await cli.output.document(output.value);
		else if (isRaw) await cli.output.text(rawText(output.value));
		else await lines(cli.output, hclText(output.value, output.type));
	},
});

async function list(output: Output, found: UnitOutputs, isShowing: boolean): Promise<void> {
	const outputs = Object.entries(found.outputs);
	if (output.json) {
		await output.document(found.outputs);
	} else if (found.encrypted) {
		await output.note("The state is encrypted by its client: the server cannot see its outputs");
	} else if (outputs.length === 0) {
		await output.note("No outputs found");
	}
	if (output.json) return;
	// A name that held the end of a line would look like two outputs.
	for (const [name, one] of outputs) {
		await lines(output, `${safeText(name)} = ${shown(one, isShowing)}`);
	}
}

function shown({ sensitive, value, type }: OutputView, isShowing: boolean): string {
	return sensitive && !isShowing ? "<sensitive>" : hclText(value, type);
}

/** Line by line: what cannot be shown on a terminal is escaped. */
async function lines(output: Output, text: string): Promise<void> {
	for (const line of text.split("\n")) await output.line(line);
}

/** @throws CliError `usage` for what has no plain text. */
function rawText(value: unknown): string {
	if (typeof value === "string") return value;
	if (typeof value === "number" || typeof value === "boolean") return String(value);
	if (isRawNumber(value)) return value.rawJSON;
	throw usageError(
		"only texts, numbers and booleans can be written raw",
		"use --json for lists, maps and objects",
	);
}
