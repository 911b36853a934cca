import { command } from "../../command.ts";
import { givenVariable, valueDetails, valueFlags, variableArgument } from "../variable/given.ts";
import { named } from "../variable/variable-arguments.ts";
import { setArgument, setNamed } from "./set-arguments.ts";

export default command({
	details: valueDetails,
	examples: [
		"taco variable-set put region region=eu-central-1",
		"pass show aws | taco variable-set put credentials AWS_SECRET_ACCESS_KEY --env --sensitive",
	],
	args: { set: setArgument, variable: variableArgument, ...valueFlags },
	async run(cli, args) {
		const { id } = await setNamed(cli, args.set);
		const { key, category, fields } = await givenVariable(cli, args);
		const { variableSets } = await cli.client();
		const options = { signal: cli.signal };
		const known = named(await variableSets.variables(id, options), key, category);
		const view =
			known === undefined
				? await variableSets.createVariable(id, { key, category, ...fields }, options)
				: await variableSets.updateVariable(id, known.id, fields, options);
		await cli.output.result(
			`Variable ${known === undefined ? "created" : "changed"}: ${view.key}`,
			view,
		);
	},
});
