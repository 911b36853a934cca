import { command } from "../../command.ts";
import { demandedPlaces, placeFlags, setArgument, setNamed } from "./set-arguments.ts";

export default command({
	args: { set: setArgument, ...placeFlags },
	repeatable: ["unit", "project"],
	async run(cli, args) {
		const places = await demandedPlaces(cli);
		const { variableSets } = await cli.client();
		const { id, units, projects } = await setNamed(cli, args.set);
		const change = {
			units: units.filter((unit) => !places.units.includes(unit)),
			projects: projects.filter((project) => !places.projects.includes(project)),
		};
		const set = await variableSets.update(id, change, { signal: cli.signal });
		await cli.output.result(`Variable set withdrawn: ${set.name}`, set);
	},
});
