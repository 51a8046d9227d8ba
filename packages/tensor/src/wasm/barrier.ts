import {
  drop,
