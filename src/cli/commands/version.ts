import { buildInfo } from "../../build-info.ts";
import { command } from "../command.ts";

export default command({
	details: "The same as taco --version.",
	args: {},
	async run(cli) {
		const { version, commit, date } = buildInfo;
		const platform = `${process.platform}-${process.arch}`;
		const bun = Bun.version;
		await cli.output.result(
			`taco ${version} (commit ${commit}, ${date}, bun ${bun}, ${platform})`,
			{ version, commit, date, bun, platform },
		);
	},
});
