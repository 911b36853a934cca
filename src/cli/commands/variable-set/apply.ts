import { command } from "../../command.ts";
import { demandedPlaces, placeFlags, setArgument, setNamed } from "./set-arguments.ts";

export default command({
	examples: ["taco variable-set apply credentials --unit shop/stage"],
	args: { set: setArgument, ...placeFlags },
	repeatable: ["unit", "project"],
	async run(cli, args) {
		const places = await demandedPlaces(cli);
		const { variableSets } = await cli.client();
		const { id, units, projects } = await setNamed(cli, args.set);
		const change = {
			units: [...new Set([...units, ...places.units])],
			projects: [...new Set([...projects, ...places.projects])],
		};
		const set = await variableSets.update(id, change, { signal: cli.signal });
		await cli.output.result(`Variable set applied: ${set.name}`, set);
	},
});
