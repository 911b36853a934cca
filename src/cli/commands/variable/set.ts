import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { askedValue, valueInFile } from "./value.ts";
import { categoryOf, envFlag, named, unitArgument, unitOf } from "./variable-arguments.ts";

export default command({
	details:
		"Makes the variable, or changes it. The value stands behind the key and an equals sign, in a file\n(taken as it is), or on stdin (without a line break at its end). A sensitive value is not taken\nfrom the command line, which others on this machine can see.",
	examples: [
		"taco variable set myapp/prod region=eu-central-1",
		"taco variable set myapp/prod zones --hcl --file zones.hcl",
		"pass show db | taco variable set myapp/prod db_password --sensitive",
	],
	args: {
		unit: unitArgument,
		variable: { type: "positional", required: true, description: "KEY=VALUE, or KEY alone" },
		file: {
			type: "string",
			alias: "f",
			valueHint: "FILE",
			description: "The value is in this file",
		},
		env: envFlag,
		hcl: { type: "boolean", description: "The value is an expression, not a text" },
		sensitive: { type: "boolean", description: "Nobody can read the value again" },
		description: { type: "string", valueHint: "TEXT", description: "What it is for" },
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const { file, hcl, sensitive, description } = args;
		const at = args.variable.indexOf("=");
		const key = at === -1 ? args.variable : args.variable.slice(0, at);
		const written = at === -1 ? null : args.variable.slice(at + 1);
		if (written !== null && file !== undefined) throw usageError("the value is given twice");
		if (written !== null && sensitive === true) {
			throw usageError(
				"a sensitive value is not taken from the command line",
				`write it to stdin: … | taco variable set ${args.unit} ${key} --sensitive`,
			);
		}
		const value =
			written ??
			(file === undefined
				? await askedValue(cli, sensitive === true)
				: await valueInFile(cli, file));
		const { variables } = await cli.client();
		const options = { signal: cli.signal };
		const category = categoryOf(args.env);
		const known = named(await variables.list(id, options), key, category);
		const given = {
			value,
			...(hcl === undefined ? {} : { hcl }),
			...(sensitive === undefined ? {} : { sensitive }),
			...(description === undefined ? {} : { description }),
		};
		const view =
			known === undefined
				? await variables.create(id, { key, category, ...given }, options)
				: await variables.update(id, known.id, given, options);
		await cli.output.result(
			`Variable ${known === undefined ? "created" : "changed"}: ${view.key}`,
			view,
		);
	},
});
