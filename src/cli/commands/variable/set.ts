import { command } from "../../command.ts";
import { givenVariable, valueDetails, valueFlags, variableArgument } from "./given.ts";
import { named, unitArgument, unitOf } from "./variable-arguments.ts";

export default command({
	details: valueDetails,
	examples: [
		"taco variable set myapp/prod region=eu-central-1",
		"taco variable set myapp/prod zones --hcl --file zones.hcl",
		"pass show db | taco variable set myapp/prod db_password --sensitive",
	],
	args: { unit: unitArgument, variable: variableArgument, ...valueFlags },
	async run(cli, args) {
		const id = unitOf(args.unit);
		const { key, category, fields } = await givenVariable(cli, args);
		const { variables } = await cli.client();
		const options = { signal: cli.signal };
		const known = named(await variables.list(id, options), key, category);
		const view =
			known === undefined
				? await variables.create(id, { key, category, ...fields }, options)
				: await variables.update(id, known.id, fields, options);
		await cli.output.result(
			`Variable ${known === undefined ? "created" : "changed"}: ${view.key}`,
			view,
		);
	},
});
