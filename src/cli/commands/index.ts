import type { CommandModule } from 'yargs';

/** Every command; a module imports its work lazily (`await import` in the handler) so that --help is instant. */
export const commands: readonly CommandModule<object, never>[] = [];
