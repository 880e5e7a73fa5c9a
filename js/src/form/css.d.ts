/** The text of a style sheet, which the bundler includes in the module. */
declare module '*.css?inline' {
  const text: string;
  export default text;
}
