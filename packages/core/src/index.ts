export const kind = 'core';
