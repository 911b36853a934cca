/** Files that the build embeds; their import gives the path under which they can be read. */
declare module "swagger-ui-dist/swagger-ui-bundle.js" {
	const path: string;
	export default path;
}
declare module "swagger-ui-dist/swagger-ui.css" {
	const path: string;
	export default path;
}
