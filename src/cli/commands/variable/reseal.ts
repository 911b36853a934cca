import { command } from "../../command.ts";

export default command({
	details:
		"After a change of OPENTACO_SECRETS_KEY, on every server: afterwards no value needs an earlier key\nany more. Earlier records of the values keep their seals.",
	args: {},
	async run(cli) {
		const { variables } = await cli.client();
		const resealed = await variables.reseal({ signal: cli.signal });
		await cli.output.result(`Values sealed anew: ${resealed}`, { resealed });
	},
});
