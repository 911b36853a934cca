/** A variable as the command line gives it: KEY=VALUE, or a key with its value elsewhere. */
import type { UpdateVariable, VariableCategory } from "../../../api/variables.ts";
import type { Cli } from "../../context.ts";
import { usageError } from "../../errors.ts";
import { askedValue, valueInFile } from "./value.ts";
import { categoryOf, envFlag } from "./variable-arguments.ts";

export const variableArgument = {
	type: "positional",
	required: true,
	description: "KEY=VALUE, or KEY alone",
} as const;

export const valueFlags = {
	file: { type: "string", alias: "f", valueHint: "FILE", description: "The value is in this file" },
	env: envFlag,
	hcl: { type: "boolean", description: "The value is an expression, not a text" },
	sensitive: { type: "boolean", description: "Nobody can read the value again" },
	description: { type: "string", valueHint: "TEXT", description: "What it is for" },
} as const;

export const valueDetails =
	"Makes the variable, or changes it. The value stands behind the key and an equals sign, in a file\n(taken as it is), or on stdin (without a line break at its end). A sensitive value is not taken\nfrom the command line, which others on this machine can see.";

export interface ValueArguments {
	readonly variable: string;
	readonly file?: string | undefined;
	readonly env?: boolean | undefined;
	readonly hcl?: boolean | undefined;
	readonly sensitive?: boolean | undefined;
	readonly description?: string | undefined;
}

export interface GivenVariable {
	readonly key: string;
	readonly category: VariableCategory;
	readonly fields: UpdateVariable;
}

/** Reads the value from where it is. @throws CliError `usage`. */
export async function givenVariable(cli: Cli, args: ValueArguments): Promise<GivenVariable> {
	const { file, hcl, sensitive, description } = args;
	const at = args.variable.indexOf("=");
	const key = at === -1 ? args.variable : args.variable.slice(0, at);
	const written = at === -1 ? null : args.variable.slice(at + 1);
	if (written !== null && file !== undefined) throw usageError("the value is given twice");
	if (written !== null && sensitive === true) {
		throw usageError(
			"a sensitive value is not taken from the command line",
			`write it to stdin, and the key alone behind the command: ${key}`,
		);
	}
	const value =
		written ??
		(file === undefined ? await askedValue(cli, sensitive === true) : await valueInFile(cli, file));
	return {
		key,
		category: categoryOf(args.env),
		fields: {
			value,
			...(hcl === undefined ? {} : { hcl }),
			...(sensitive === undefined ? {} : { sensitive }),
			...(description === undefined ? {} : { description }),
		},
	};
}
