import type { Migration } from '../migrate.js';
import { conversations } from './0001-conversations.js';
import { usage } from './0002-usage.js';

/** In the order in which they run. A migration that has been released is never edited: add the next one. */
export const migrations: readonly Migration[] = [conversations, usage];
