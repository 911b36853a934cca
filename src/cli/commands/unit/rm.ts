import { command } from "../../command.ts";
import { unitArgument, unitOf } from "./unit-arguments.ts";

export default command({
	details: "On a terminal it asks first. A locked unit is refused unless --force is given.",
	examples: ["taco unit rm myapp/old", "taco unit rm --yes myapp/old"],
	args: {
		unit: unitArgument,
		yes: { type: "boolean", alias: ["y", "f"], description: "Do not ask" },
		force: { type: "boolean", description: "Also when it is locked; needs its own right" },
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const client = await cli.client();
		if (args.yes !== true && cli.interactive) {
			const unit = await client.getUnit(id, { signal: cli.signal });
			const what = unit.has_state ? `its state of ${unit.size} bytes` : "which has no state";
			await cli.confirm(`Delete ${id}, ${what}?`);
		}
		await client.deleteUnit(id, { force: args.force === true, signal: cli.signal });
		await (await cli.locks()).remove(id);
		await cli.output.result(`Unit deleted: ${id}`, { id, deleted: true });
	},
});
