export const kind = 'health';
