export const kind = 'cache';
