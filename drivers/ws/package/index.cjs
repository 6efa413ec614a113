'use strict';

module.exports = require('sansocket/ws');
